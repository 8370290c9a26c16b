import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { startApiServer, startScriptedServer } from '../support/api-server.ts';
import { Followed, pod } from './follow.ts';
import { event, isWatch, startWatchServer } from './watch-server.ts';

/** Its metadata comes first, as an API server writes it. */
function large(name: string, resourceVersion: string) {
  return {
    metadata: {
      name,
      namespace: 'kubenurse',
      uid: name,
      resourceVersion,
      labels: { version: '1' },
    },
    spec: { imagePullSecrets: Array(300_000).fill({}) },
  };
}

const small = (name: string, resourceVersion: string) => ({
  metadata: { name, resourceVersion, labels: { version: '1' } },
});

const ignoring = (name: string) => `ignoring all but the name of "${name}": it is too large`;

test('Informer lists the objects between those that are too large, and the names of these', async () => {
  await startScriptedServer(({ url: path = '' }, response) => {
    if (isWatch({ path })) return response.flushHeaders();
    const items = [large('x', '1'), small('a', '2'), large('y', '3'), small('b', '4')];
    const list = JSON.stringify({ metadata: { resourceVersion: '5' }, items });
    response.setHeader('content-encoding', 'gzip').end(gzipSync(list));
  });
  const followed = new Followed();
  await followed.has('x=', 'a=1', 'y=', 'b=1');
  expect(followed.oddities).toEqual([ignoring('x'), ignoring('y')]);
  expect(followed.reported).toEqual([]);
});

test('Informer keeps watching when an object becomes too large, and forgets its previous content', async () => {
  const queries: string[] = [];
  await startScriptedServer(({ url: path = '' }, response) => {
    if (!isWatch({ path })) {
      const items = [small('x', '1'), small('y', '1')];
      return response.end(JSON.stringify({ metadata: { resourceVersion: '5' }, items }));
    }
    queries.push(path);
    response.flushHeaders();
    if (queries.length > 1) return;
    response.write(event('MODIFIED', large('x', '6')));
    response.write(event('MODIFIED', large('y', '7')));
    response.write(event('ADDED', small('a', '8')));
    response.end(event('DELETED', large('y', '9')));
  });
  const followed = new Followed();
  await followed.has('x=', 'a=1');
  expect(followed.oddities).toEqual([ignoring('x'), ignoring('y'), ignoring('y')]);
  await expect.poll(() => queries[1], { timeout: 5_000 }).toContain('resourceVersion=9');
});

test('Informer accepts a page of 50 objects of 900 KB each, none of which is parsed', async () => {
  const { server } = await startApiServer();
  const spec = { imagePullSecrets: Array(300_000).fill({}) };
  const names = Array.from({ length: 50 }, (_, number) => `x-${number}`);
  for (const name of names) await server.put('pods', { ...pod(name), spec } as never);
  await server.put('pods', pod('z'));
  const followed = new Followed();
  await followed.has(...names.map((name) => `${name}=`), 'z=1');
  expect(followed.reported).toEqual([]);
}, 30_000);

test('Informer keeps watching despite objects of many megabytes, and keeps only their names', async () => {
  const requests = await startWatchServer((response) => {
    response.flushHeaders();
    const metadata = { name: 'x', resourceVersion: '6' };
    // Two bytes per character: the limit is in bytes.
    const object = { metadata, spec: 'ü'.repeat(7_000_000) };
    for (const type of ['ADDED', 'MODIFIED']) response.write(event(type, object));
    response.write(event('ADDED', small('b', '7')));
  });
  const followed = new Followed();
  await followed.has('a=', 'x=', 'b=1');
  expect(requests.filter(isWatch)).toHaveLength(1);
  expect(followed.oddities).toEqual([ignoring('x'), ignoring('x')]);
});

test('Informer keeps watching when an object that is too large does not begin with its resourceVersion', async () => {
  const { server } = await startApiServer();
  await server.put('pods', pod('a'));
  const followed = new Followed();
  await followed.has('a=1');
  await server.put('pods', {
    ...pod('x'),
    spec: { imagePullSecrets: Array(300_000).fill({}) },
  } as never);
  await server.put('pods', pod('b'));
  await followed.has('a=1', 'x=', 'b=1');
  expect(followed.reported).toEqual([]);
});
