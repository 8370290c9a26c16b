import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Startup } from '../src/startup.ts';

const INTERVAL = 5_000;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Whether failed attempts that start at these milliseconds are too early, each checked then. */
async function countsAt(
  startup: Startup,
  moments: readonly number[],
): Promise<[number, boolean][]> {
  const verdicts: [number, boolean][] = [];
  for (const moment of moments) {
    await vi.advanceTimersByTimeAsync(moment - performance.now());
    void startup.isTooEarly(moment).then((isEarly) => verdicts.push([moment, isEarly]));
  }
  await vi.runAllTimersAsync();
  return verdicts;
}

test('Startup counts failures from one interval after the start if nobody finds the pod ready', async () => {
  expect(await countsAt(new Startup(INTERVAL), [0, 4_999, 5_000, 9_000, 60_000])).toEqual([
    [0, true],
    [4_999, true],
    [5_000, false],
    [9_000, false],
    [60_000, false],
  ]);
});

test.each([
  { interval: 1_000, from: 3_000 },
  { interval: 5_000, from: 15_000 },
  { interval: 60_000, from: 70_000 },
])(
  'Startup waits until $from ms for the pod to be found ready, at intervals of $interval ms',
  async ({ interval, from }) => {
    const startup = new Startup(interval);
    await vi.advanceTimersByTimeAsync(interval);
    let settledAt: number | undefined;
    const verdict = startup.isTooEarly(interval).finally(() => {
      settledAt = performance.now();
    });
    await vi.runAllTimersAsync();
    expect(await verdict).toBe(false);
    expect(settledAt).toBe(from);
  },
);

test.each([
  { interval: 1_000, ready: 200, from: 1_200 },
  { interval: 5_000, ready: 0, from: 4_000 },
  { interval: 5_000, ready: 1_500, from: 5_500 },
  { interval: 60_000, ready: 1_500, from: 5_500 },
])(
  'Startup counts failures from $from ms on if /ready succeeds at $ready ms, at intervals of $interval ms',
  async ({ interval, ready, from }) => {
    const startup = new Startup(interval);
    await vi.advanceTimersByTimeAsync(ready);
    startup.foundReady();
    expect(await countsAt(startup, [from - 1, from])).toEqual([
      [from - 1, true],
      [from, false],
    ]);
  },
);

test('Startup treats a failure after the first interval as too early if the pod is found ready only then', async () => {
  const startup = new Startup(INTERVAL);
  await vi.advanceTimersByTimeAsync(6_000);
  const verdict = startup.isTooEarly(5_500);
  await vi.advanceTimersByTimeAsync(1_000);
  startup.foundReady();
  expect(await verdict).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
  expect(await countsAt(startup, [10_999, 11_000])).toEqual([
    [10_999, true],
    [11_000, false],
  ]);
});

test('Startup forgives nothing when a node is uncordoned later, or /ready succeeds again', async () => {
  const cordoned = new Startup(INTERVAL);
  const ready = new Startup(INTERVAL);
  ready.foundReady();
  await vi.advanceTimersByTimeAsync(15_000);
  cordoned.foundReady();
  ready.foundReady();
  expect(await countsAt(cordoned, [15_001])).toEqual([[15_001, false]]);
  expect(await countsAt(ready, [15_002])).toEqual([[15_002, false]]);
});
