import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { apiRequest, readBody } from '../../src/kubernetes/api-request.ts';
import {
  clusterAuthority,
  createAuthorization,
  loadAccess,
} from '../../src/kubernetes/credentials.ts';
import {
  setEnvironment,
  startApiServer,
  temporaryFolder,
  useKubeconfig,
} from '../support/api-server.ts';

const NODES = '/api/v1/nodes';
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const CLUSTER = { server: 'https://127.0.0.1:6443' };

/** Resolves when the API server has responded with 200. */
async function requestNodes(): Promise<void> {
  const response = await apiRequest(NODES, {}, AbortSignal.timeout(5_000));
  await readBody(response, 1_000_000);
}

/** An authorization, and the error messages that it reported. */
function authorization() {
  const troubles: string[] = [];
  const authorize = createAuthorization(({ message }) => troubles.push(message));
  return { authorize, troubles };
}

test('apiRequest() reads the token again for each request', async () => {
  const { server, tokenFile } = await startApiServer();
  await requestNodes();
  const [first] = server.requests;
  const rotated = await server.issueToken('kubenurse');
  await writeFile(tokenFile, rotated);
  await requestNodes();

  expect(first?.authorization).toMatch(/^Bearer ./);
  expect(server.requests.at(-1)?.authorization).toBe(`Bearer ${rotated}`);
  expect(first?.authorization).not.toBe(`Bearer ${rotated}`);
});

test('apiRequest() accepts a token file that ends with a newline', async () => {
  const { server, tokenFile } = await startApiServer();
  const token = await server.issueToken('kubenurse');
  await writeFile(tokenFile, `${token}\n`);
  await requestNodes();
  expect(server.requests.at(-1)?.authorization).toBe(`Bearer ${token}`);
});

test('apiRequest() trusts a new cluster authority as soon as its file has it, and no longer the old one', async () => {
  const before = await startApiServer();
  await requestNodes();
  await before.server.close();
  const { server, folder } = await startApiServer({ port: Number(before.server.url.port) });
  setEnvironment({ KUBECONFIG: before.kubeconfig });

  await expect(requestNodes()).rejects.toThrow(/certificate/);
  expect(server.requests).toEqual([]);
  await rename(join(folder, 'kubenurse.token'), before.tokenFile);
  const authority = 'kubenurse.api-server-ca.pem';
  await rename(join(folder, authority), join(before.folder, authority));
  await requestNodes();
});

test('createAuthorization() reads the token again at each call', async () => {
  const { tokenFile } = await startApiServer();
  const { authorize, troubles } = authorization();
  for (const token of ['first', 'second\n', ' third ']) {
    await writeFile(tokenFile, token);
    expect(await authorize()).toBe(`Bearer ${token.trim()}`);
  }
  expect(troubles).toEqual([]);
});

test('upstream fault: an unreadable token file turns every check into an error that no metric shows', async () => {
  const { tokenFile } = await startApiServer();
  const { authorize, troubles } = authorization();
  await rm(tokenFile);
  expect([await authorize(), await authorize()]).toEqual([undefined, undefined]);
  expect(troubles).toEqual([expect.stringMatching(`ENOENT.*${tokenFile}`)]);

  await writeFile(tokenFile, 'back');
  expect(await authorize()).toBe('Bearer back');
  await rm(tokenFile);
  expect([await authorize(), await authorize()]).toEqual([undefined, undefined]);
  expect(troubles).toHaveLength(2);
});

const UNSENDABLE =
  'the API server token contains a line break or another character that a header cannot contain';

test.each([
  { kind: 'two lines', token: 'first\nsecond' },
  { kind: 'a carriage return', token: 'first\rHost: other' },
  { kind: 'a NUL', token: 'first\0' },
  { kind: 'a letter beyond ASCII', token: 'tökên' },
])('a token with $kind is refused with a reason, and not sent', async ({ token }) => {
  const { server, tokenFile, kubeconfig } = await startApiServer();
  await writeFile(tokenFile, token);
  const { authorize, troubles } = authorization();
  expect(await authorize()).toBeUndefined();
  await expect(requestNodes()).rejects.toThrow(UNSENDABLE);

  const inline = JSON.parse(await readFile(kubeconfig, 'utf8'));
  inline.users = inline.users.map(({ name }: { name: string }) => ({ name, user: { token } }));
  await writeFile(kubeconfig, JSON.stringify(inline));
  expect(await authorize()).toBeUndefined();
  await expect(requestNodes()).rejects.toThrow(UNSENDABLE);
  expect(troubles).toEqual([UNSENDABLE]);
  expect(server.requests).toEqual([]);
});

test('a token in the kubeconfig that ends with a newline is trimmed', async () => {
  await useKubeconfig({ cluster: CLUSTER, user: { token: 'inline\r\n' } });
  expect(await authorization().authorize()).toBe('Bearer inline');
  expect((await loadAccess()).options.headers).toEqual({ Authorization: 'Bearer inline' });
});

test.each([
  { kind: 'an empty token file', content: '' },
  { kind: 'a blank one', content: ' \n' },
])('createAuthorization() sends nothing for $kind', async ({ content }) => {
  const { tokenFile } = await startApiServer();
  await writeFile(tokenFile, content);
  const { authorize, troubles } = authorization();
  expect(await authorize()).toBeUndefined();
  expect(troubles).toEqual([]);
});

test.each([
  { kind: 'a token in the kubeconfig', user: { token: 'inline' }, value: 'Bearer inline' },
  { kind: 'a client certificate', user: { 'client-certificate': '/a.pem' }, value: undefined },
])('createAuthorization() with $kind is $value', async ({ user, value }) => {
  await useKubeconfig({ cluster: CLUSTER, user });
  const { authorize, troubles } = authorization();
  expect(await authorize()).toBe(value);
  expect(troubles).toEqual([]);
});

test.skipIf(existsSync(SERVICE_ACCOUNT))(
  'without a service account and a kubeconfig, both are named, and no authority is trusted',
  async () => {
    setEnvironment({ KUBECONFIG: '', HOME: await temporaryFolder() });
    const { authorize, troubles } = authorization();
    const message = 'found neither a service account nor a kubeconfig (KUBECONFIG)';

    await expect(loadAccess()).rejects.toThrow(message);
    expect([await authorize(), await authorize()]).toEqual([undefined, undefined]);
    expect(troubles).toEqual([message]);
    expect(clusterAuthority()).toBeUndefined();
  },
);

test('loadAccess() reports that the kubeconfig is missing, or has no current context', async () => {
  setEnvironment({ KUBECONFIG: join(await temporaryFolder(), 'missing') });
  await expect(loadAccess()).rejects.toThrow(/ENOENT.*missing/);
  const kubeconfig = join(await temporaryFolder(), 'kubeconfig');
  await writeFile(kubeconfig, JSON.stringify({ clusters: [], users: [], contexts: [] }));
  setEnvironment({ KUBECONFIG: kubeconfig });
  await expect(loadAccess()).rejects.toThrow('no current context with a cluster');
});

test('loadAccess() reports at which line a kubeconfig is not YAML, without quoting it', async () => {
  const kubeconfig = join(await temporaryFolder(), 'kubeconfig');
  await writeFile(kubeconfig, 'users:\n- name: a\n  user:\n      token: SECRET\n    broken: b\n');
  setEnvironment({ KUBECONFIG: kubeconfig });
  const error: Error = await loadAccess().then(
    () => expect.unreachable(),
    (error) => error,
  );
  expect(error.message).toBe('the kubeconfig is not valid YAML: line 5');
  expect(inspect(error)).not.toContain('SECRET');
});

test.each([
  { cluster: { ...CLUSTER, 'certificate-authority': '/ca.pem' }, is: { file: '/ca.pem' } },
  {
    cluster: { ...CLUSTER, 'certificate-authority-data': Buffer.from('PEM').toString('base64') },
    is: { pem: 'PEM' },
  },
  { cluster: CLUSTER, is: {} },
])('clusterAuthority() is the one of the kubeconfig: $is', async ({ cluster, is }) => {
  await useKubeconfig({ cluster, user: {} });
  expect(clusterAuthority()).toEqual(is);
});
