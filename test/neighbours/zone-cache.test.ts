import { expect, onTestFinished, test, vi } from 'vitest';
import { ZoneCache } from '../../src/neighbours/zone-cache.ts';

const { waits } = vi.hoisted(() => ({ waits: [] as number[] }));

// Records the waits of a second and a minute, and makes them a thousandth as long.
vi.mock('node:timers/promises', () => ({
  setTimeout: (milliseconds: number) => {
    waits.push(milliseconds);
    return new Promise((resolve) => setTimeout(resolve, milliseconds / 1_000));
  },
}));

/** A ZoneCache of the nodes `a` and `b`; others cannot be read. */
function play() {
  waits.length = 0;
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const lookedUp: string[] = [];
  let atOnce = 0;
  const onKnown = vi.fn();
  const zones = new ZoneCache({
    readZone: async (nodeName) => {
      lookedUp.push(nodeName);
      atOnce += 1;
      expect(atOnce).toBe(1);
      await Promise.resolve();
      atOnce -= 1;
      if (nodeName !== 'a' && nodeName !== 'b') throw new Error('403');
      return `zone-${nodeName}`;
    },
    onKnown,
    signal: stop.signal,
  });
  return { zones, lookedUp, onKnown, stop };
}

test('ZoneCache.get() is undefined until the zone has been looked up, once', async () => {
  const { zones, lookedUp, onKnown } = play();
  expect(zones.get('a')).toBeUndefined();
  await vi.waitUntil(() => zones.get('a') === 'zone-a');
  expect(zones.get('a')).toBe('zone-a');
  expect(lookedUp).toEqual(['a']);
  expect(onKnown).toHaveBeenCalledTimes(1);
});

test('ZoneCache looks up one node at a time, with a second in between', async () => {
  const { zones, lookedUp } = play();
  for (const name of ['a', 'b', 'a']) zones.get(name);
  await vi.waitUntil(() => zones.get('b') === 'zone-b' && waits.length === 2);
  expect(lookedUp).toEqual(['a', 'b']);
  expect(waits).toEqual([1_000, 1_000]);
});

test('ZoneCache reports one that cannot be read as empty, and reads it again after a minute', async () => {
  const { zones, lookedUp, onKnown } = play();
  zones.get('unreadable');
  await vi.waitUntil(() => lookedUp.length === 3);
  expect(zones.get('unreadable')).toBe('');
  expect(lookedUp).toEqual(['unreadable', 'unreadable', 'unreadable']);
  expect(new Set(waits)).toEqual(new Set([60_000]));
  expect(onKnown).toHaveBeenCalled();
});

test('ZoneCache looks nothing up once it has ended', async () => {
  const { zones, lookedUp, stop } = play();
  zones.get('a');
  zones.get('b');
  stop.abort();
  await vi.waitUntil(() => waits.length === 1);
  expect(lookedUp).toEqual(['a']);
});
