import { once } from 'node:events';
import { Agent } from 'node:https';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ApiClient, failure } from '../../contract/api-client.ts';
import { NODES, PODS, pod } from '../../contract/contract-objects.ts';
import { EmbeddedApiServer } from './embedded-api-server.ts';
import { startWithClient } from './start-with-client.ts';

test('EmbeddedApiServer responds with 404 where the path is no URL', async () => {
  const { client } = await startWithClient();
  const notFound = failure(404, 'NotFound', 'the server could not find the requested resource', {});

  expect(await client.get('/', { path: '//' })).toMatchObject({ status: 404, body: notFound });
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

test('EmbeddedApiServer.requests records each request, its user and the response', async () => {
  const { server, token, client } = await startWithClient();
  const anonymous = new ApiClient(server);
  await client.get(`${PODS}?limit=5`);
  await anonymous.get(NODES, { method: 'POST' });
  await anonymous.get(NODES, { headers: { authorization: 'Basic YTpi' } });

  expect(server.requests).toEqual([
    { method: 'GET', path: `${PODS}?limit=5`, authorization: `Bearer ${token}`, status: 200 },
    { method: 'POST', path: NODES, status: 403 },
    { method: 'GET', path: NODES, authorization: 'Basic YTpi', status: 403 },
  ]);
});

test('EmbeddedApiServer.requests keeps the last thousand', async () => {
  const { server, client } = await startWithClient();
  const agent = new Agent({ keepAlive: true, maxSockets: 10 });
  onTestFinished(() => agent.destroy());
  const requested = Array.from({ length: 1_050 }, (_, index) => `/version?${index}`);
  await Promise.all(requested.map((path) => client.get(path, { agent })));

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
