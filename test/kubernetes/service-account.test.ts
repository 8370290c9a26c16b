import { mkdir, writeFile } from 'node:fs/promises';
import type { Agent } from 'node:https';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadAccess } from '../../src/kubernetes/credentials.ts';
import { setEnvironment, temporaryFolder } from '../support/api-server.ts';

/** The access that is loaded in a pod with these variables. */
async function accessInPod(host: string, port: string) {
  const root = await temporaryFolder();
  const folder = join(root, '/var/run/secrets/kubernetes.io/serviceaccount');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'token'), 'one\n');
  await writeFile(join(folder, 'ca.crt'), '');
  setEnvironment({
    KUBECONFIG: '',
    HOME: root,
    KUBERNETES_SERVICE_HOST: host,
    KUBERNETES_SERVICE_PORT: port,
  });
  const { server, options } = await loadAccess(root);
  const { servername } = (options.agent as Agent).options;
  return { href: server.href, servername, headers: options.headers };
}

test.each(['80', '8001', '8080'])(
  'in a cluster, the API server at port %s is reached over TLS',
  async (port) => {
    expect(await accessInPod('10.96.0.1', port)).toEqual({
      href: `https://10.96.0.1:${port}/`,
      servername: undefined,
      headers: { Authorization: 'Bearer one' },
    });
  },
);

test('the TLS server name of an API server omits a dot at the end of its name', async () => {
  const access = await accessInPod('kubernetes.default.svc.', '443');
  expect(access).toMatchObject({
    href: 'https://kubernetes.default.svc./',
    servername: 'kubernetes.default.svc',
  });
});
