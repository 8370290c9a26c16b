import type { ServerResponse } from 'node:http';
import { expect, test, vi } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { MAX_ITEMS } from '../../src/kubernetes/first-items.ts';
import { startScriptedServer } from '../support/api-server.ts';
import { Followed, pod } from './follow.ts';
import { event, isWatch } from './watch-server.ts';

vi.mock('node:timers/promises', async (load) =>
  (await import('./short-waits.ts')).shortenWaits(load),
);

/** The size of a page: few pages per list, to save time. */
const PAGE = 2_000;
const EXCESS = 2 * PAGE;
const LIMIT_MS = 20_000;

const nameOf = (number: number) => `pod-${String(number).padStart(6, '0')}`;

const NAMES = Array.from({ length: MAX_ITEMS + EXCESS }, (_, number) => nameOf(number));

const versionOf = (name: string, version: string, resourceVersion = '6') => {
  const { metadata } = pod(name, version);
  return { metadata: { ...metadata, resourceVersion } };
};

/**
 * Starts a server that lists `names` as they currently are; `watches` are those that were opened.
 */
async function startServer(
  names: string[],
): Promise<{ pages: string[]; watches: ServerResponse[] }> {
  const served = { pages: [] as string[], watches: [] as ServerResponse[] };
  await startScriptedServer(({ url: path = '' }, response) => {
    if (isWatch({ path })) {
      response.flushHeaders();
      return void served.watches.push(response);
    }
    served.pages.push(path);
    const start = Number(new URL(path, 'http://a').searchParams.get('continue'));
    const end = start + PAGE;
    const items = names.slice(start, end).map((name) => versionOf(name, '1'));
    const metadata = { resourceVersion: '5', ...(end < names.length && { continue: `${end}` }) };
    response.end(JSON.stringify({ metadata, items }));
  });
  return served;
}

const added = (names: readonly string[]) =>
  names.map((name) => event('ADDED', versionOf(name, '1'))).join('');

const isKnown = (followed: Followed, name: string, version: string) =>
  followed.items?.includes(`${name}=${version}`) ?? false;

/** Waits until it knows the first of `NAMES`, and is watching. */
async function knowsFirst(followed: Followed): Promise<void> {
  await until('it watches', LIMIT_MS, () => followed.isWatching);
  const items = followed.items?.toSorted() ?? [];
  expect(items.length).toBeGreaterThanOrEqual(MAX_ITEMS);
  expect(items.length).toBeLessThan(NAMES.length);
  expect(items).toEqual(items.map((_, number) => `${nameOf(number)}=1`));
}

test('Informer lists the first 10,000 objects, and warns once that there are more', async () => {
  const { pages } = await startServer(NAMES);
  const followed = new Followed();
  await knowsFirst(followed);
  expect(followed.reported).toEqual(['too many']);
  // The others are not even requested.
  expect(pages).toHaveLength(MAX_ITEMS / PAGE + 1);
}, 30_000);

test('Informer keeps the same objects if a watch adds them', async () => {
  const { watches } = await startServer([]);
  const followed = new Followed();
  await until('it watches', LIMIT_MS, () => watches.length === 1);
  watches[0]?.write(added(NAMES.toReversed()));
  await until('the first has come', LIMIT_MS, () => isKnown(followed, nameOf(0), '1'));
  await knowsFirst(followed);
  expect(followed.reported).toEqual(['too many']);
}, 60_000);

test('Informer follows events of objects that it keeps, and ignores the others', async () => {
  const { watches } = await startServer(NAMES);
  const followed = new Followed();
  await until('it watches', LIMIT_MS, () => watches.length === 1);
  const { changes } = followed;
  const last = NAMES.at(-1) ?? '';
  const events = [
    event('MODIFIED', versionOf(last, '2')),
    event('DELETED', versionOf(last, '2')),
    event('ADDED', versionOf(`${last}-new`, '1')),
    event('DELETED', versionOf(nameOf(2), '1')),
    event('MODIFIED', versionOf(nameOf(1), '2')),
  ];
  watches[0]?.write(events.join(''));
  await until('the last event has come', LIMIT_MS, () => isKnown(followed, nameOf(1), '2'));
  expect(followed.items).not.toContainEqual(expect.stringContaining(last));
  expect(followed.items).not.toContain(`${nameOf(2)}=1`);
  expect(followed.changes - changes).toBe(2);
}, 30_000);

test('Informer lists again when the watch ends, and reports when nothing is left out any more', async () => {
  const names = [...NAMES];
  const { watches } = await startServer(names);
  const followed = new Followed();
  await until('it watches', LIMIT_MS, () => watches.length === 1);
  names.splice(0, NAMES.length - 2);
  for (const name of NAMES.slice(0, -2)) watches[0]?.write(event('DELETED', versionOf(name, '1')));
  watches[0]?.end();
  await until('it has listed again', LIMIT_MS, () => followed.reported.includes('all'));
  expect(followed.items).toEqual(NAMES.slice(-2).map((name) => `${name}=1`));
  expect(followed.reported).toEqual(['too many', 'all']);
}, 60_000);

test('Informer lists again only if something was left out', async () => {
  const { watches, pages } = await startServer(NAMES.slice(0, 2));
  const followed = new Followed();
  await until('it watches', LIMIT_MS, () => watches.length === 1);
  watches[0]?.end(event('DELETED', versionOf(nameOf(0), '1')));
  await until('it watches again', LIMIT_MS, () => watches.length === 2);
  expect(followed.items).toEqual([`${nameOf(1)}=1`]);
  expect(pages).toHaveLength(1);
});
