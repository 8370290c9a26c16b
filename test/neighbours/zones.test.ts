import { expect, onTestFinished, test, vi } from 'vitest';
import { Zones } from '../../src/neighbours/zones.ts';

const { waits } = vi.hoisted(() => ({ waits: [] as number[] }));

// The waits of a second and a minute, noted and made a thousandth as long.
vi.mock('node:timers/promises', () => ({
  setTimeout: (milliseconds: number) => {
    waits.push(milliseconds);
    return new Promise((resolve) => setTimeout(resolve, milliseconds / 1_000));
  },
}));

/** Zones of the nodes `a` and `b`; others cannot be read. */
function play() {
  waits.length = 0;
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const lookedUp: string[] = [];
  let atOnce = 0;
  const onKnown = vi.fn();
  const zones = new Zones({
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

test('Zones.of() is undefined until the zone has been looked up, once', async () => {
  const { zones, lookedUp, onKnown } = play();
  expect(zones.of('a')).toBeUndefined();
  await vi.waitUntil(() => zones.of('a') === 'zone-a');
  expect(zones.of('a')).toBe('zone-a');
  expect(lookedUp).toEqual(['a']);
  expect(onKnown).toHaveBeenCalledTimes(1);
});

test('Zones looks up one node at a time, with a second in between', async () => {
  const { zones, lookedUp } = play();
  for (const name of ['a', 'b', 'a']) zones.of(name);
  await vi.waitUntil(() => zones.of('b') === 'zone-b' && waits.length === 2);
  expect(lookedUp).toEqual(['a', 'b']);
  expect(waits).toEqual([1_000, 1_000]);
});

test('Zones tells of one that cannot be read as empty, and reads it again after a minute', async () => {
  const { zones, lookedUp, onKnown } = play();
  zones.of('unreadable');
  await vi.waitUntil(() => lookedUp.length === 3);
  expect(zones.of('unreadable')).toBe('');
  expect(lookedUp).toEqual(['unreadable', 'unreadable', 'unreadable']);
  expect(new Set(waits)).toEqual(new Set([60_000]));
  expect(onKnown).toHaveBeenCalled();
});

test('Zones looks nothing up once it has ended', async () => {
  const { zones, lookedUp, stop } = play();
  zones.of('a');
  zones.of('b');
  stop.abort();
  await vi.waitUntil(() => waits.length === 1);
  expect(lookedUp).toEqual(['a']);
});
