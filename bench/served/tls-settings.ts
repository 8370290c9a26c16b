import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '../../lab/support/certificates.ts';

/**
 * The variables of a program that serves HTTPS at this port, with a certificate for 127.0.0.1 that
 * is removed with the stack.
 */
export async function tlsSettings(stack: AsyncDisposableStack, port: number) {
  const folder = await mkdtemp(join(tmpdir(), 'kubenurse-bench-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const authority = await CertificateAuthority.create('bench');
  const pair = await authority.issue({ commonName: 'bench', ipAddresses: ['127.0.0.1'] });
  const [certificate, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  await writeFile(certificate, pair.certificate);
  await writeFile(key, pair.key);
  return {
    KUBENURSE_USE_TLS: 'true',
    KUBENURSE_TLS_PORT: String(port),
    KUBENURSE_CERT_FILE: certificate,
    KUBENURSE_CERT_KEY: key,
  };
}
