import { readFileSync } from 'node:fs';
import type { Config } from './config.ts';
import { readCertificates } from './probes/pem.ts';
import { readKeyPair } from './server-certificate.ts';

/**
 * Errors of a readable configuration that would prevent startup or be reported during it: exporters
 * that cannot be loaded, and errors in the server certificate or the extra CA. `importExporter`
 * rejects if the named exporter cannot be loaded.
 */
export async function configurationErrors(
  { metrics, server, network }: Pick<Config, 'metrics' | 'server' | 'network'>,
  importExporter: (name: string) => Promise<void>,
): Promise<string[]> {
  const errors: string[] = [];
  const attempt = async (check: () => unknown) => {
    try {
      await check();
    } catch (error) {
      errors.push((error as Error).message);
    }
  };
  for (const name of metrics.isDisabled ? [] : metrics.exporters) {
    await attempt(() => importExporter(name));
  }
  const { tls } = server;
  if (tls !== undefined) await attempt(() => readKeyPair(tls));
  const { extraCA } = network;
  if (extraCA !== undefined) await attempt(() => errors.push(...extraCaErrors(extraCA)));
  return errors;
}

function extraCaErrors(path: string): string[] {
  try {
    return readCertificates(readFileSync(path, 'utf8')).mistakes.map(
      (mistake) => `KUBENURSE_EXTRA_CA: ${path} ${mistake}`,
    );
  } catch (cause) {
    throw new Error(`KUBENURSE_EXTRA_CA: ${(cause as Error).message}`, { cause });
  }
}
