import { IncomingMessage, type ServerResponse } from 'node:http';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { startApiServer, startScriptedServer } from '../support/api-server.ts';
import { Followed, pod } from './follow.ts';
import { waits } from './short-waits.ts';
import { event, isWatch, page, queriesOf, silent, startWatchServer } from './watch-server.ts';

vi.mock('node:timers/promises', async (load) =>
  (await import('./short-waits.ts')).shortenWaits(load),
);

beforeEach(() => {
  waits.length = 0;
});

const added = event('ADDED', { metadata: { name: 'b', resourceVersion: '9' } });

async function secondWatch(requests: readonly { path: string }[]): Promise<void> {
  await until('the second watch', 5_000, () => queriesOf(requests).watches.length === 2);
}

test.each([
  { last: 'event', line: added, next: '9', items: ['a=', 'b='] },
  {
    last: 'bookmark',
    line: event('BOOKMARK', { metadata: { resourceVersion: '42' } }),
    next: '42',
    items: ['a='],
  },
])(
  'Informer continues from the last $last, without another list, when the server ends a watch',
  async ({ line, next, items }) => {
    const requests = await startWatchServer((response) => void response.end(line), silent);
    const followed = new Followed();
    await secondWatch(requests);

    const { lists, watches } = queriesOf(requests);
    expect(watches.map(({ resourceVersion }) => resourceVersion)).toEqual(['5', next]);
    expect(lists).toHaveLength(1);
    expect(followed.items).toEqual(items);
    expect(followed.changes).toBe(items.length);
    expect(followed.reported).toEqual([]);
  },
);

test('Informer continues from the last resourceVersion that a request can have', async () => {
  const bookmark = (resourceVersion: string) =>
    event('BOOKMARK', { metadata: { resourceVersion } });
  const requests = await startWatchServer(
    (response) => void response.end(bookmark('8') + bookmark('9'.repeat(100_000))),
    silent,
  );
  new Followed();
  await secondWatch(requests);
  expect(queriesOf(requests).watches[1]?.resourceVersion).toBe('8');
});

test('Informer lists again when a watch gets 410', async () => {
  const requests = await startWatchServer((response) => {
    response.writeHead(410);
    response.end();
  }, silent);
  const followed = new Followed();
  await secondWatch(requests);
  expect(requests.map(isWatch)).toEqual([false, true, false, true]);
  expect(followed.reported).toEqual([]);
  expect(waits).toEqual([]);
});

test('Informer continues without another list after an error event that is not 410', async () => {
  const error = event('ERROR', { code: 500, message: 'etcd is slow' });
  const requests = await startWatchServer((response) => void response.end(error), silent);
  const followed = new Followed();
  await secondWatch(requests);
  expect(queriesOf(requests).lists).toHaveLength(1);
  expect(followed.reported).toEqual(['the API server responded with 500: etcd is slow']);
});

test('Informer restarts a list when its next page is gone', async () => {
  let lists = 0;
  await startScriptedServer(({ url = '' }, response) => {
    if (url.includes('watch=true')) silent(response);
    else if (url.includes('continue')) response.writeHead(410).end();
    else response.end(++lists === 1 ? page(['gone'], { continue: 'x' }) : page(['a']));
  });
  const followed = new Followed();
  await followed.has('a=');
  expect(followed.reported).toEqual([]);
});

test.each([
  { kind: 'at once', respond: (response: ServerResponse) => void response.end() },
  { kind: 'after one event', respond: (response: ServerResponse) => void response.end(added) },
])('Informer waits between watches that the server ends $kind', async ({ respond }) => {
  const requests = await startWatchServer(respond);
  new Followed();
  await until('five watches', 5_000, () => queriesOf(requests).watches.length >= 5);
  expect(waits.length).toBeGreaterThanOrEqual(queriesOf(requests).watches.length - 1);
  expect(queriesOf(requests).lists).toHaveLength(1);
});

test('Informer backs off from an API server that ends each watch with 410 after an event, and reports it', async () => {
  const gone = event('ERROR', { code: 410, message: 'too old' });
  const requests = await startWatchServer((response) => void response.end(added + gone));
  const followed = new Followed();
  await until('four waits', 5_000, () => waits.length >= 4);
  expect(queriesOf(requests).watches.length).toBeLessThanOrEqual(2 + 5);
  expect(waits.slice(1, 4).every((wait, index) => wait >= 1_000 * 2 ** index)).toBe(true);
  expect(followed.reported).toEqual(['the API server responded with 410: too old']);
});

test('Informer reports once an API server that ends each watch after an event', async () => {
  await startWatchServer((response) => void response.end(added));
  const followed = new Followed();
  await until('eight waits', 5_000, () => waits.length >= 8);
  expect(followed.reported).toEqual(['the API server closes watches immediately']);
  expect(waits.at(-1)).toBeGreaterThanOrEqual(15_000);
});

test.each([
  { line: 'null', trouble: 'a watch event without resourceVersion' },
  { line: '[]', trouble: 'a watch event without resourceVersion' },
  { line: '{"type":"ADDED"}', trouble: 'a watch event without resourceVersion' },
  { line: '{"type":"ADDED","object":{}}', trouble: 'a watch event without resourceVersion' },
  { line: '{"type":"ERROR"}', trouble: 'the API server responded with 0: watch error' },
  { line: 'no JSON', trouble: 'the API server sent invalid JSON' },
])('Informer survives $line in a watch, and continues', async ({ line, trouble }) => {
  const requests = await startWatchServer(
    (response) => void response.end(`${line}\n`),
    (response) => void response.write(added),
  );
  const followed = new Followed();
  await followed.has('a=', 'b=');
  await followed.hears(2);
  expect(followed.reported).toEqual([expect.stringMatching(trouble), 'contact']);
  expect(queriesOf(requests).lists).toHaveLength(1);
});

test.each(['null', '[]', '{}', '{"metadata":{},"items":[]}', '{"items":[null]}'])(
  'Informer does not accept %s as a list, and lists again',
  async (list) => {
    let lists = 0;
    await startScriptedServer(({ url = '' }, response) => {
      if (url.includes('watch=true')) silent(response);
      else response.end(++lists === 1 ? list : page(['a']));
    });
    const followed = new Followed();
    await followed.hears(1);
    await followed.has('a=');
  },
);

test('Informer gives up on a watch that has been silent for 150 s', async () => {
  const limits: number[] = [];
  const setTimeout = IncomingMessage.prototype.setTimeout;
  const shortened = vi.spyOn(IncomingMessage.prototype, 'setTimeout').mockImplementation(function (
    this: IncomingMessage,
    milliseconds,
    onTimeout,
  ) {
    limits.push(milliseconds);
    return setTimeout.call(this, 200, onTimeout);
  });
  onTestFinished(() => shortened.mockRestore());

  const { server } = await startApiServer();
  const followed = new Followed();
  await until('another watch', 5_000, () => queriesOf(server.requests).watches.length === 2);
  expect(limits[0]).toBe(150_000);
  expect(followed.reported).toEqual(['no watch event from the API server for 150 s']);
  expect(queriesOf(server.requests).lists).toHaveLength(1);
});

test('Informer reports contact 5 s after a watch has begun, if no event comes before', async () => {
  const { server } = await startApiServer();
  await server.put('pods', pod('a'));
  await server.break({ kind: 'status', code: 500 });
  const followed = new Followed();
  await followed.hears(1);

  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  await server.break(undefined);
  await until('it watches', 5_000, () => server.watchers === 1);
  expect(followed.items).toEqual(['a=1']);
  expect(followed.trouble).toMatch('500');
  let passed = 0;
  await until('it hears', 5_000, () => {
    vi.advanceTimersByTime(500);
    passed += 500;
    return followed.reported.length === 2;
  });
  expect(followed.reported[1]).toBe('contact');
  expect(followed.trouble).toBeUndefined();
  expect(passed).toBeGreaterThanOrEqual(5_000);
});

test('Informer does not mistake a watch that has ended for one that has lasted 5 s', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  await startWatchServer(
    (response) => void response.end(),
    (response) => void response.writeHead(500).end(),
  );
  const followed = new Followed();
  await until('a second failure', 5_000, () => waits.length >= 2);
  vi.advanceTimersByTime(5_000);
  expect(followed.reported).toEqual(['the API server closes watches immediately']);
});

test('Informer is current while a watch is open', async () => {
  const { server } = await startApiServer();
  const followed = new Followed();
  expect(followed.isWatching).toBe(false);
  await until('it watches', 5_000, () => followed.isWatching);
  await server.break({ kind: 'down' });
  await until('it does not', 5_000, () => !followed.isWatching);
  await server.break(undefined);
  await until('it watches again', 5_000, () => followed.isWatching);
});
