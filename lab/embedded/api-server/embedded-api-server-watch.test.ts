import { expect, test } from 'vitest';
import type { ApiClient } from '../../contract/api-client.ts';
import { NODES, PODS, pod } from '../../contract/contract-objects.ts';
import { until } from '../../support/until.ts';
import { startWithClient } from './start-with-client.ts';

async function revision(client: ApiClient): Promise<string> {
  return (await client.get(NODES)).body.metadata.resourceVersion;
}

const expired = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  reason: 'Expired',
  code: 410,
};

test('a watch notifies each of many watchers, and is forgotten when its client leaves', async () => {
  const { server, client } = await startWithClient();
  const watches = await Promise.all([1, 2, 3].map(() => client.watch(PODS)));
  expect(server.watchers).toBe(3);
  await server.put('pods', pod('a'));
  await server.put('pods', pod('b'));

  for (const watch of watches) expect(await watch.summary(2)).toEqual(['ADDED a', 'ADDED b']);
  watches[0]?.close();
  await until('one watcher less', 2_000, () => server.watchers === 2);
});

test('a watch sends bookmarks when they are allowed', async () => {
  const { server, client } = await startWithClient({ bookmarkIntervalMs: 20 });
  const watch = await client.watch(`${PODS}?allowWatchBookmarks=true`);
  await server.put('nodes', { metadata: { name: 'n' } });
  const now = await revision(client);

  let event = await watch.next();
  while (event.object.metadata.resourceVersion !== now) event = await watch.next();
  expect(event).toEqual({
    type: 'BOOKMARK',
    object: { kind: 'Pod', apiVersion: 'v1', metadata: { resourceVersion: now } },
  });
});

test('a watch sends no bookmarks unless they are allowed', async () => {
  const { server, client } = await startWithClient({ bookmarkIntervalMs: 5 });
  const plain = await client.watch(PODS);
  const allowed = await client.watch(`${PODS}?allowWatchBookmarks=true`);
  expect((await allowed.next()).type).toBe('BOOKMARK');
  expect((await allowed.next()).type).toBe('BOOKMARK');
  await server.put('pods', pod('a'));

  expect(await plain.summary(1)).toEqual(['ADDED a']);
});

test('a watch ends after the time that was requested, unless the server hangs', async () => {
  const { server, client } = await startWithClient();
  const hanging = await startWithClient();
  const started = performance.now();
  const watch = await client.watch(`${PODS}?timeoutSeconds=1`);
  const held = await hanging.client.watch(`${PODS}?timeoutSeconds=1`);
  await hanging.server.break({ kind: 'hang' });

  expect(await watch.end()).toEqual({ complete: true });
  expect(performance.now() - started).toBeGreaterThan(990);
  await until('no watchers', 2_000, () => server.watchers === 0);
  await until('the other is due', 2_000, () => performance.now() - started > 1_200);
  expect(hanging.server.watchers).toBe(1);
  await hanging.server.break(undefined);
  expect(await held.end()).toEqual({ complete: true });
});

test('a watch from a forgotten version gets one error event, and ends', async () => {
  const { server, client } = await startWithClient({ historyLimit: 2 });
  const since = Number(await revision(client));
  await server.put('pods', pod('a'));
  await server.put('pods', pod('b'));
  const inTime = await client.watch(`${PODS}?resourceVersion=${since}`);
  expect(await inTime.summary(2)).toEqual(['ADDED a', 'ADDED b']);
  await server.put('pods', pod('c'));

  const late = await client.watch(`${PODS}?resourceVersion=${since}`);
  expect(late.response.statusCode).toBe(200);
  expect(await late.next()).toEqual({
    type: 'ERROR',
    object: { ...expired, message: `too old resource version: ${since} (${since + 1})` },
  });
  expect(await late.end()).toEqual({ complete: true });
  expect(await inTime.summary(1)).toEqual(['ADDED c']);
});

test('EmbeddedApiServer.compact() ends open watches with 410, and makes the past unknown', async () => {
  const { server, client } = await startWithClient();
  const since = await revision(client);
  const watch = await client.watch(PODS);
  await server.put('pods', pod('a'));
  server.compact();

  expect(await watch.summary(1)).toEqual(['ADDED a']);
  expect(await watch.next()).toMatchObject({ type: 'ERROR', object: expired });
  expect(await watch.end()).toEqual({ complete: true });
  const past = await client.watch(`${PODS}?resourceVersion=${since}`);
  expect(await past.next()).toMatchObject({ type: 'ERROR', object: expired });
  const present = await client.watch(`${PODS}?resourceVersion=${await revision(client)}`);
  await server.put('pods', pod('b'));
  expect(await present.summary(1)).toEqual(['ADDED b']);
});

test('a watch whose client does not read is cut off, and the others go on', async () => {
  const { server, client } = await startWithClient();
  const idle = await client.open(`${PODS}?watch=true`);
  idle.pause();
  const reading = await client.watch(PODS);
  const megabyte = 'x'.repeat(1024 * 1024);

  for (let count = 1; server.watchers === 2 && count <= 100; count++) {
    await server.put('pods', pod('big', { labels: { megabyte } }));
    await reading.next();
  }
  await until('the idle watch is cut off', 2_000, () => server.watchers === 1);
  await server.put('pods', pod('small'));
  expect(await reading.summary(1)).toEqual(['ADDED small']);
});
