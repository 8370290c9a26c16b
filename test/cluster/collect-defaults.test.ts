import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCollect } from '../../src/cluster/collect.ts';
import { smallView } from '../verdict/small-view.ts';
import { listedPods, ownReport } from './fleet.ts';

beforeEach(() =>
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }),
);

afterEach(() => vi.useRealTimers());

test('a pod has 2 s for its report, and a collection is kept for 5 s', async () => {
  const view = smallView({ nodes: { 'node-1': '', 'node-2': '' } });
  const abortedAt: number[] = [];
  const collect = createCollect({
    ownReport: () => ownReport(view),
    others: {
      list: () => ({ pods: listedPods(view), cordoned: [], listedAt: 0, error: null }),
      fetch: (_pod, _path, signal) =>
        new Promise((resolve) => {
          const begin = performance.now();
          signal.addEventListener('abort', () => {
            abortedAt.push(performance.now() - begin);
            resolve({ cause: 'other', text: signal.reason.message });
          });
        }),
    },
    signal: new AbortController().signal,
    turn: () => setImmediate(),
  });
  /** Lets time pass until a collection has ended. */
  const collected = async () => {
    const cluster = collect();
    let isOver = false;
    cluster.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await setImmediate();
      vi.advanceTimersByTime(1);
    }
    return cluster;
  };
  const first = await collected();
  expect(first.view.silent).toMatchObject([{ node: 'node-2', text: 'no report within 2 s' }]);
  expect(abortedAt).toEqual([2_000]);

  vi.advanceTimersByTime(4_900);
  expect(await Promise.race([collect(), setImmediate('another')])).toBe(first);
  vi.advanceTimersByTime(100);
  expect(await collected()).not.toBe(first);
  expect(abortedAt).toHaveLength(2);
});
