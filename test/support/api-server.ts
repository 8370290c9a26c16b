import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { EmbeddedApiServer } from '../../lab/embedded/api-server/embedded-api-server.ts';
import { writeCredentials } from '../../lab/parts/credentials.ts';

/** A folder that is removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kubenurse-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Sets environment variables until the test ends. */
export function setEnvironment(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** An API server, and a KUBECONFIG that points to it; both until the test ends. */
export async function startApiServer(
  options: { port?: number; bookmarkIntervalMs?: number } = {},
): Promise<{ server: EmbeddedApiServer; folder: string; kubeconfig: string; tokenFile: string }> {
  const server = await EmbeddedApiServer.start({ address: '127.0.0.1', port: 0, ...options });
  onTestFinished(() => server.close());
  const folder = await temporaryFolder();
  const credentials = await writeCredentials(folder, 'kubenurse', server);
  setEnvironment({ KUBECONFIG: credentials.kubeconfig });
  return { server, folder, ...credentials };
}

/** A server with this handler, and a KUBECONFIG that points to it; both until the test ends. */
export async function startScriptedServer(handler: RequestListener, path = ''): Promise<void> {
  const server = createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  await useKubeconfig({
    cluster: { server: `http://127.0.0.1:${port}${path}`, 'insecure-skip-tls-verify': true },
    user: { token: 'scripted' },
  });
}

/** Points KUBECONFIG to a kubeconfig of that cluster and user until the test ends. */
export async function useKubeconfig(of: { cluster: object; user: object }): Promise<void> {
  const kubeconfig = join(await temporaryFolder(), 'kubeconfig');
  await writeFile(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'cluster', cluster: of.cluster }],
      users: [{ name: 'user', user: of.user }],
      contexts: [{ name: 'context', context: { cluster: 'cluster', user: 'user' } }],
      'current-context': 'context',
    }),
  );
  setEnvironment({ KUBECONFIG: kubeconfig });
}
