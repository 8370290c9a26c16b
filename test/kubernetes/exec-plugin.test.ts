import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { apiRequest, readBody } from '../../src/kubernetes/api-request.ts';
import { createAuthorization } from '../../src/kubernetes/credentials.ts';
import { setEnvironment, startApiServer, temporaryFolder } from '../support/api-server.ts';

/**
 * Writes a plugin, a shell script next to its kubeconfig, which adds a line to the file `runs` each
 * time it runs.
 */
async function usePlugin(script: string, exec: object = {}, server = 'https://127.0.0.1:6443') {
  const folder = await temporaryFolder();
  const plugin = join(folder, 'plugin');
  await writeFile(plugin, `#!/bin/sh\necho run >> ${folder}/runs\n${script}\n`);
  await chmod(plugin, 0o755);
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { exec: { apiVersion: 'v1', command: './plugin', ...exec } } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
  setEnvironment({ KUBECONFIG: kubeconfig });
  const runs = async () => (await readFile(join(folder, 'runs'), 'utf8')).split('\n').length - 1;
  const errors: string[] = [];
  const authorize = createAuthorization(({ message }) => errors.push(message));
  return { folder, authorize, runs, errors };
}

const credential = (status: object) =>
  `echo '${JSON.stringify({ kind: 'ExecCredential', status })}'`;

test('a credential plugin runs once for checks and lists together, in the folder of its kubeconfig', async () => {
  const { server } = await startApiServer();
  const token = await server.issueToken('kubenurse');
  const { authorize, runs } = await usePlugin(credential({ token }), {}, server.url.href);
  const request = () => apiRequest('/api/v1/nodes', {}, AbortSignal.timeout(5_000));
  const responses = await Promise.all([request(), request(), request()]);
  for (const response of responses) await readBody(response, 1_000_000);
  expect(await authorize()).toBe(`Bearer ${token}`);
  expect(await runs()).toBe(1);
  expect(server.requests.map(({ authorization }) => authorization)).toEqual(
    Array(3).fill(`Bearer ${token}`),
  );
});

test('a credential plugin runs again when its credential has expired', async () => {
  const expired = credential({ token: 'a', expirationTimestamp: '2020-01-01T00:00:00Z' });
  const { authorize, runs } = await usePlugin(expired);
  expect([await authorize(), await authorize()]).toEqual(['Bearer a', 'Bearer a']);
  expect(await runs()).toBe(2);
});

test('a credential plugin runs again after the API server has responded with 401', async () => {
  const { server } = await startApiServer();
  const plugin = await usePlugin(credential({ token: 'unknown' }), {}, server.url.href);
  const request = apiRequest('/api/v1/nodes', {}, AbortSignal.timeout(5_000));
  await expect(request).rejects.toMatchObject({ status: 401 });
  await plugin.authorize();
  expect(await plugin.runs()).toBe(2);
});

test('a credential plugin gets its environment, and KUBERNETES_EXEC_INFO with the cluster', async () => {
  const script = `printf %s "$KUBERNETES_EXEC_INFO" > "$OUT"\n${credential({ token: 'a' })}`;
  const out = join(await temporaryFolder(), 'out');
  const env = [{ name: 'OUT', value: out }];
  const { authorize } = await usePlugin(script, { env, provideClusterInfo: true });
  expect(await authorize()).toBe('Bearer a');
  expect(JSON.parse(await readFile(out, 'utf8'))).toEqual({
    apiVersion: 'v1',
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      cluster: { server: 'https://127.0.0.1:6443', 'insecure-skip-tls-verify': true },
    },
  });
});

test.each([
  {
    kind: 'fails',
    script: 'echo no such session >&2; exit 3',
    error: 'failed (3): no such session',
  },
  {
    kind: 'is missing',
    exec: { command: './none' },
    error: /failed \(ENOENT\): spawn .*none ENOENT/,
  },
  { kind: 'writes no JSON', script: 'echo SECRET', error: 'returned no credential' },
  { kind: 'writes no status', script: 'echo {}', error: 'returned no credential' },
  { kind: 'writes null', script: 'echo null', error: 'returned no credential' },
])('a credential plugin that $kind is reported, and not run again at once', async (options) => {
  const { script = '', exec = {}, error } = options;
  const { authorize, errors, runs } = await usePlugin(script, exec);
  expect([await authorize(), await authorize()]).toEqual([undefined, undefined]);
  expect(errors).toEqual([expect.stringMatching(error instanceof RegExp ? error : literal(error))]);
  expect(errors.join()).not.toContain('SECRET');
  if (script !== '') expect(await runs()).toBe(1);
});

function literal(text: string): RegExp {
  return new RegExp(text.replaceAll(/[()]/g, '\\$&'));
}

test('a credential plugin that hangs is stopped after 30 s', async () => {
  const { authorize, errors, runs } = await usePlugin('sleep 20');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const authorized = authorize();
  await until('it runs', 5_000, async () => (await runs().catch(() => 0)) === 1);
  vi.advanceTimersByTime(30_000);
  vi.useRealTimers();
  expect(await authorized).toBeUndefined();
  expect(errors).toEqual([expect.stringMatching('did not finish within 30 s')]);
});
