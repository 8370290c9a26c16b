import { once } from 'node:events';
import { Agent } from 'node:https';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ApiClient, failure, startWithClient } from './api-client.ts';
import type { KubeObject } from './control-plane.ts';
import { EmbeddedApiServer } from './embedded-api-server.ts';

const PODS = '/api/v1/namespaces/kubenurse/pods';
const NODES = '/api/v1/nodes';

function pod(
  name: string,
  namespace = 'kubenurse',
  labels: Record<string, string> = {},
): KubeObject {
  return { metadata: { name, namespace, labels }, spec: { nodeName: `node-of-${name}` } };
}

test('EmbeddedApiServer shows a certificate for its address and for the names of the Service', async () => {
  const { server, client } = await startWithClient();
  const { port } = server.url;

  for (const servername of [
    'localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ]) {
    expect((await client.get('/version', { servername })).status).toBe(200);
  }
  expect((await client.get(`https://127.0.0.1:${port}/version`)).status).toBe(200);
  await expect(client.get('/version', { servername: 'elsewhere.example' })).rejects.toMatchObject({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
});

test('EmbeddedApiServer tells its version to everybody but those whose token is not valid', async () => {
  const { server, token, client } = await startWithClient();

  for (const asker of [new ApiClient(server), client]) {
    const { status, headers, body } = await asker.get('/version');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(body).toMatchObject({ major: '1', gitVersion: expect.stringMatching(/^v1\.\d+\.\d+/) });
  }
  await server.revoke(token);
  const unauthorized = failure(401, 'Unauthorized', 'Unauthorized');
  for (const asker of [client, new ApiClient(server, 'made-up')]) {
    expect(await asker.get('/version')).toMatchObject({ status: 401, body: unauthorized });
    expect(await asker.get(PODS)).toMatchObject({ status: 401, body: unauthorized });
  }
});

test('EmbeddedApiServer tells who does not authenticate what they may not do', async () => {
  const { server } = await startWithClient();
  const anonymous = new ApiClient(server);
  const cannot = (verb: string, resource: string, where: string) =>
    `User "system:anonymous" cannot ${verb} resource "${resource}" in API group "" ${where}`;
  const inNamespace = 'in the namespace "kubenurse"';
  const inCluster = 'at the cluster scope';

  for (const [path, subject, verb, where, details] of [
    [PODS, 'pods', 'list', inNamespace, { kind: 'pods' }],
    [`${PODS}?watch=1`, 'pods', 'watch', inNamespace, { kind: 'pods' }],
    [`${PODS}/a`, 'pods "a"', 'get', inNamespace, { kind: 'pods', name: 'a' }],
    ['/api/v1/pods', 'pods', 'list', inCluster, { kind: 'pods' }],
    [NODES, 'nodes', 'list', inCluster, { kind: 'nodes' }],
    [`${NODES}/a`, 'nodes "a"', 'get', inCluster, { kind: 'nodes', name: 'a' }],
  ] as const) {
    const { status, body } = await anonymous.get(path);
    expect(status).toBe(403);
    const message = `${subject} is forbidden: ${cannot(verb, details.kind, where)}`;
    expect(body).toEqual(failure(403, 'Forbidden', message, details));
  }
  const message = 'forbidden: User "system:anonymous" cannot get path "/metrics"';
  expect((await anonymous.get('/metrics')).body).toEqual(failure(403, 'Forbidden', message, {}));
});

test('EmbeddedApiServer.forbid() withholds a resource until it is permitted again', async () => {
  const { server, client } = await startWithClient();

  server.forbid(['nodes']);
  expect(await client.get(NODES)).toMatchObject({
    status: 403,
    body: {
      message:
        'nodes is forbidden: User "prober" cannot list resource "nodes" in API group "" at the cluster scope',
    },
  });
  expect((await client.get(`${NODES}?watch=true`)).status).toBe(403);
  expect((await client.get(`${NODES}/a`)).status).toBe(403);
  expect((await client.get(PODS)).status).toBe(200);
  server.forbid([]);
  expect((await client.get(NODES)).status).toBe(200);
});

test('EmbeddedApiServer knows no other paths and no other methods', async () => {
  const { client } = await startWithClient();
  const notFound = failure(404, 'NotFound', 'the server could not find the requested resource', {});
  const notAllowed = failure(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );

  for (const path of ['/', '/api/v1/services', '/api/v1/pods/a', `/api/v1/namespaces/a/nodes`]) {
    expect(await client.get(path)).toMatchObject({ status: 404, body: notFound });
  }
  expect(await client.get('/', { path: '//' })).toMatchObject({ status: 404, body: notFound });
  for (const method of ['POST', 'PUT', 'DELETE']) {
    expect((await client.get(PODS, { method })).body).toEqual(notAllowed);
  }
});

test('EmbeddedApiServer gives one object, or its metadata alone', async () => {
  const { server, client } = await startWithClient();
  await server.put('pods', pod('a'));
  await server.put('nodes', { metadata: { name: 'n' }, spec: { unschedulable: true } });

  const { body } = await client.get(`${PODS}/a`);
  expect(body).toEqual({
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name: 'a',
      namespace: 'kubenurse',
      labels: {},
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      resourceVersion: expect.stringMatching(/^\d+$/),
    },
    spec: { nodeName: 'node-of-a' },
  });
  const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
  const partial = await client.get(`${NODES}/n`, { headers: { accept } });
  expect(partial.body).toEqual({
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: (await client.get(`${NODES}/n`)).body.metadata,
  });
  expect(await client.get(`${PODS}/b`)).toMatchObject({
    status: 404,
    body: failure(404, 'NotFound', 'pods "b" not found', { name: 'b', kind: 'pods' }),
  });
  expect((await client.get('/api/v1/namespaces/other/pods/a')).status).toBe(404);
});

test('EmbeddedApiServer.put() stores a copy, and one version of all objects counts on', async () => {
  const { server, client } = await startWithClient();
  const original = pod('a');
  await server.put('pods', original);
  original.metadata.labels = { changed: 'later' };
  const first = (await client.get(`${PODS}/a`)).body;
  await server.put('nodes', { metadata: { name: 'n' } });
  await server.put('pods', pod('a'));
  const second = (await client.get(`${PODS}/a`)).body;

  expect(first.metadata.labels).toEqual({});
  expect(second.metadata.uid).toBe(first.metadata.uid);
  expect(Number(second.metadata.resourceVersion)).toBe(Number(first.metadata.resourceVersion) + 2);
  await server.remove('pods', 'a', 'kubenurse');
  await server.remove('pods', 'never-was', 'kubenurse');
  expect((await client.get(PODS)).body).toEqual({
    kind: 'PodList',
    apiVersion: 'v1',
    metadata: { resourceVersion: String(Number(second.metadata.resourceVersion) + 1) },
    items: [],
  });
});

test('EmbeddedApiServer.requests tells who asked for what, and how it was answered', async () => {
  const { server, token, client } = await startWithClient();
  const anonymous = new ApiClient(server);
  await client.get(`${PODS}?limit=5`);
  await anonymous.get(NODES, { method: 'POST' });
  await anonymous.get(NODES, { headers: { authorization: 'Basic YTpi' } });

  expect(server.requests).toEqual([
    { method: 'GET', path: `${PODS}?limit=5`, authorization: `Bearer ${token}`, status: 200 },
    { method: 'POST', path: NODES, status: 405 },
    { method: 'GET', path: NODES, authorization: 'Basic YTpi', status: 403 },
  ]);
});

test('EmbeddedApiServer.requests keeps the last thousand', async () => {
  const { server, client } = await startWithClient();
  const agent = new Agent({ keepAlive: true, maxSockets: 10 });
  onTestFinished(() => agent.destroy());
  const asked = Array.from({ length: 1_050 }, (_, index) => `/version?${index}`);
  await Promise.all(asked.map((path) => client.get(path, { agent })));

  const paths = new Set(server.requests.map(({ path }) => path));
  expect(paths.size).toBe(1_000);
  expect(paths.has('/version?0')).toBe(false);
  expect(paths.has('/version?1049')).toBe(true);
});

test('EmbeddedApiServer.start() takes the port it is given, and rejects when it cannot listen', async () => {
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;

  await expect(EmbeddedApiServer.start({ address: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  taken.close();
  await once(taken, 'close');
  const server = await EmbeddedApiServer.start({ address: '127.0.0.1', port });
  expect(server.url.href).toBe(`https://127.0.0.1:${port}/`);
  await server.close();
});
