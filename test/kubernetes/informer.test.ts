import { expect, test, vi } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { startApiServer, startScriptedServer } from '../support/api-server.ts';
import { Followed, PODS, pod } from './follow.ts';
import { page, queriesOf, silent } from './watch-server.ts';

vi.mock('node:timers/promises', async (load) =>
  (await import('./short-waits.ts')).shortenWaits(load),
);

test('Informer lists in pages of 50, reports it once, and watches from there on', async () => {
  const { server } = await startApiServer();
  const names = Array.from({ length: 120 }, (_, index) => `pod-${index}`);
  for (const name of names) await server.put('pods', pod(name));
  const followed = new Followed();
  await until('it watches', 5_000, () => server.watchers === 1);

  expect(followed.items?.toSorted()).toEqual(names.map((name) => `${name}=1`).toSorted());
  expect(followed.changes).toBe(1);
  const { lists, watches } = queriesOf(server.requests);
  const aToken = expect.stringMatching(/./);
  expect(lists).toEqual([
    { limit: '50' },
    { limit: '50', continue: aToken },
    { limit: '50', continue: aToken },
  ]);
  expect(watches).toEqual([
    {
      watch: 'true',
      resourceVersion: '121',
      allowWatchBookmarks: 'true',
      timeoutSeconds: expect.stringMatching(/^[3-6]\d\d$/),
    },
  ]);
  expect(new URL(server.requests[0]?.path ?? '', server.url).pathname).toBe(PODS);
});

test('Informer has no items until the last page has arrived', async () => {
  let sendLastPage: (() => void) | undefined;
  await startScriptedServer(({ url = '' }, response) => {
    if (url.includes('watch=true')) silent(response);
    else if (!url.includes('continue')) response.end(page(['a'], { continue: 'b' }));
    else sendLastPage = () => response.end(page(['b']));
  });
  const followed = new Followed();
  await until('the last page is requested', 5_000, () => sendLastPage !== undefined);
  expect(followed.items).toBeUndefined();
  sendLastPage?.();
  await followed.has('a=', 'b=');
});

test('Informer is empty when the list is', async () => {
  await startApiServer();
  const followed = new Followed();
  await followed.has();
  expect(followed.trouble).toBeUndefined();
});

test('Informer follows what is added, modified and deleted, without another list', async () => {
  const { server } = await startApiServer();
  await server.put('pods', pod('a'));
  const followed = new Followed();
  await followed.has('a=1');
  await server.put('pods', pod('b'));
  await followed.has('a=1', 'b=1');
  await server.put('pods', pod('a', '2'));
  await followed.has('a=2', 'b=1');
  await server.remove('pods', 'b', 'kubenurse');
  await followed.has('a=2');

  expect(followed.changes).toBe(4);
  expect(server.requests).toHaveLength(2);
  expect(followed.reported).toEqual([]);
});

test('Informer continues where it was, without another list, when a watch is cut', async () => {
  const { server } = await startApiServer();
  const followed = new Followed();
  await until('it watches', 5_000, () => server.watchers === 1);
  await server.put('pods', pod('a'));
  await followed.has('a=1');
  server.misbehave(undefined); // cuts the watch
  await server.put('pods', pod('b'));
  await followed.has('a=1', 'b=1');

  const { lists, watches } = queriesOf(server.requests);
  expect(lists).toHaveLength(1);
  expect(watches.map(({ resourceVersion }) => resourceVersion)).toEqual(['1', '2']);
  expect(followed.changes).toBe(3);
  expect(followed.reported).toEqual([]);
});

test('Informer lists again when an open watch ends with 410', async () => {
  const { server } = await startApiServer();
  await server.put('pods', pod('a'));
  const followed = new Followed();
  await until('it watches', 5_000, () => server.watchers === 1);
  server.compact();
  await until('another list', 5_000, () => queriesOf(server.requests).lists.length === 2);
  await server.put('pods', pod('b'));
  await followed.has('a=1', 'b=1');
  expect(followed.reported).toEqual([]);
});

test('Informer lists again when it has missed too much, and forgets what has gone meanwhile', async () => {
  const { server } = await startApiServer();
  for (const name of ['a', 'b']) await server.put('pods', pod(name));
  const followed = new Followed();
  await until('it watches', 5_000, () => server.watchers === 1);
  await server.put('pods', pod('c'));
  await followed.has('a=1', 'b=1', 'c=1');

  server.misbehave(undefined); // cuts the watch
  await server.remove('pods', 'a', 'kubenurse');
  await server.put('pods', pod('b', '2'));
  await server.put('pods', pod('d'));
  server.compact();
  await followed.has('b=2', 'c=1', 'd=1');
  expect(queriesOf(server.requests).lists).toHaveLength(2);
  expect(followed.reported).toEqual([]);
});
