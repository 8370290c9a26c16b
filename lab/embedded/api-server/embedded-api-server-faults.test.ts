import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { ApiClient } from '../../contract/api-client.ts';
import { PODS, pod } from '../../contract/contract-objects.ts';
import { until } from '../../support/until.ts';
import { startWithClient } from './start-with-client.ts';

test('EmbeddedApiServer.break(away) refuses and cuts; healed, it is back on the same port', async () => {
  const { server, client } = await startWithClient();
  await server.put('pods', pod('a'));
  const watch = await client.watch(PODS);
  expect(await watch.summary(1)).toEqual(['ADDED a']);

  await server.break({ kind: 'down' });
  expect(await watch.end()).toEqual({ complete: false });
  await expect(client.get('/version')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await server.break({ kind: 'down' });
  await server.put('pods', pod('b'));
  await server.break(undefined);
  expect((await client.get(PODS)).body.items).toHaveLength(2);
  expect(server.watchers).toBe(0);
});

test('EmbeddedApiServer.break(hang) sends no response, and afterwards one to every request', async () => {
  const { server, client } = await startWithClient({ bookmarkIntervalMs: 5 });
  const watch = await client.watch(`${PODS}?allowWatchBookmarks=true`);
  expect((await watch.next()).type).toBe('BOOKMARK');
  const { port, hostname } = server.url;
  const open = connectTls({ host: hostname, port: Number(port), ca: server.certificateAuthority });
  onTestFinished(() => void open.destroy());
  await once(open, 'secureConnect');
  let received = 0;
  open.on('data', (bytes) => {
    received += bytes.length;
  });

  await server.break({ kind: 'hang' });
  open.write('GET /version HTTP/1.1\r\nhost: a\r\n\r\n');
  await until('the request is there', 2_000, () => server.requests.length === 2);
  expect(server.requests[1]).toMatchObject({ path: '/version', status: 0 });
  let reported = 0;
  watch.response.on('data', (bytes) => {
    reported += bytes.length;
  });
  let resolved = false;
  const version = client.get('/version').finally(() => {
    resolved = true;
  });
  const unreported = connect(Number(port), hostname);
  await once(unreported, 'connect'); // accepted
  unreported.destroy();
  await server.put('pods', pod('a'));
  await expect(client.get('/version', { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect({ received, reported, resolved, requests: server.requests.length }).toEqual({
    received: 0,
    reported: 0,
    resolved: false,
    requests: 2, // the others did not even complete the TLS handshake
  });

  await server.break(undefined);
  expect((await version).status).toBe(200);
  await until('the open connection gets its response', 2_000, () => received > 0);
  let event = await watch.next();
  while (event.type === 'BOOKMARK') event = await watch.next(); // from before the hang
  expect(event).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
});

test('EmbeddedApiServer.break(hang) ends a watch that has missed too much with 410', async () => {
  const { server, client } = await startWithClient({ historyLimit: 2 });
  const watch = await client.watch(PODS);
  await server.break({ kind: 'hang' });
  for (const name of ['a', 'b', 'c']) await server.put('pods', pod(name));

  await server.break(undefined);
  expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410 } });
  expect(await watch.end()).toEqual({ complete: true });
});

test('EmbeddedApiServer.break(slow) delays responses and the heads of watches', async () => {
  const { server, client } = await startWithClient();
  await server.put('pods', pod('a'));
  const started = performance.now();
  const passed = () => performance.now() - started;

  await server.break({ kind: 'slow', milliseconds: 150 });
  const [watch, { status }] = await Promise.all([
    client.watch(PODS).then((opened) => ({ opened, after: passed() })),
    client.get('/version'),
  ]);
  expect(status).toBe(200);
  expect(watch.after).toBeGreaterThan(145);
  expect(passed()).toBeGreaterThan(145);
  expect(await watch.opened.summary(1)).toEqual(['ADDED a']);
});

test('EmbeddedApiServer.break(status) responds to every request with it', async () => {
  const { server, client } = await startWithClient();
  const before = await client.watch(PODS);
  await server.break({ kind: 'status', code: 503 });

  for (const path of ['/version', PODS, `${PODS}?watch=true`]) {
    expect(await new ApiClient(server).get(path)).toMatchObject({
      status: 503,
      body: { kind: 'Status', reason: 'ServiceUnavailable', code: 503, status: 'Failure' },
    });
  }
  await server.put('pods', pod('a'));
  expect(await before.summary(1)).toEqual(['ADDED a']);
  await server.break({ kind: 'status', code: 418 });
  expect((await client.get('/version')).body).toMatchObject({ message: "I'm a Teapot", code: 418 });
  await server.break(undefined);
  expect((await client.get('/version')).status).toBe(200);
});

test('EmbeddedApiServer.misbehave(garbage) responds 200 with what is not JSON', async () => {
  const { server, client } = await startWithClient();
  const watch = await client.watch(PODS);
  server.misbehave('garbage');

  expect(await watch.end()).toEqual({ complete: false });
  const response = await client.open(PODS);
  expect(response.statusCode).toBe(200);
  await expect(client.get(PODS)).rejects.toThrow(SyntaxError);
  await expect((await client.watch(PODS)).next()).rejects.toThrow(SyntaxError);
  server.misbehave(undefined);
  expect((await client.get(PODS)).status).toBe(200);
});

test('EmbeddedApiServer.misbehave(half-line) ends a watch amid a line and cuts a list amid its body', async () => {
  const { server, client } = await startWithClient();
  server.misbehave('half-line');

  const watch = await client.open(`${PODS}?watch=true`);
  const line = Buffer.concat(await watch.toArray()).toString();
  expect(line).toMatch(/^\{"type":"ADDED"/);
  expect(() => JSON.parse(line)).toThrow(SyntaxError);
  expect(watch.complete).toBe(true);

  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const list = await client.open(PODS, { agent });
  let received = '';
  list.on('data', (bytes) => {
    received += bytes;
  });
  await expect(once(list, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(received).toMatch(/^\{"kind":"PodList"/);
  expect(received.length).toBe(Number(list.headers['content-length']) / 2);
});

test('EmbeddedApiServer.misbehave(endless-line) sends a line without end, up to 64 MiB', async () => {
  const { server, client } = await startWithClient();
  server.misbehave('endless-line');

  const response = await client.open(`${PODS}?watch=true`);
  let bytes = 0;
  let newlines = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    newlines += chunk.includes(10) ? 1 : 0;
  }
  expect(newlines).toBe(0);
  expect(bytes).toBeGreaterThan(64 * 1024 * 1024);
  expect(bytes).toBeLessThan(65 * 1024 * 1024);

  const unread = await client.open(`${PODS}?watch=true`);
  server.misbehave(undefined);
  unread.resume();
  await expect(once(unread, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('EmbeddedApiServer.misbehave(close-before-response) takes the request and hangs up', async () => {
  const { server, client } = await startWithClient();
  server.misbehave('close-before-response');

  await expect(client.get('/version')).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(server.requests).toMatchObject([{ path: '/version', status: 0 }]);
});

test('EmbeddedApiServer.close() leaves neither sockets nor timers', async () => {
  const { server, client } = await startWithClient({ bookmarkIntervalMs: 10 });
  const watch = await client.watch(`${PODS}?allowWatchBookmarks=true&timeoutSeconds=300`);
  await watch.next();
  await server.break({ kind: 'slow', milliseconds: 60_000 });
  const slow = client.get(PODS).catch((error) => error.code);
  await until('it waits', 2_000, () => server.requests.length === 2);
  await server.break({ kind: 'hang' });
  const unreported = connect(Number(server.url.port), server.url.hostname);
  await once(unreported, 'connect');
  const closed = once(unreported, 'close');
  await server.close();

  expect(await slow).toBe('ECONNRESET');
  await closed;
  expect(server.watchers).toBe(0);
  const left = () =>
    process.getActiveResourcesInfo().filter((kind) => /TCP|TLS|Timeout/.test(kind));
  await until('nothing is left', 2_000, () => left().length === 0);
});
