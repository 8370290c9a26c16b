import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { shared } from '../../src/pages/shared.ts';

beforeEach(() => vi.useFakeTimers({ now: 0 }));

afterEach(() => vi.useRealTimers());

/** A shared run that takes this long, and when each run began. */
function timed(
  milliseconds: number,
  { fails = false, ...options }: { fails?: boolean } & Parameters<typeof shared>[1] = {},
) {
  const begun: number[] = [];
  const get = shared(async () => {
    begun.push(performance.now());
    const number = begun.length;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    if (fails) throw new Error(`no run ${number}`);
    return number;
  }, options);
  return { get, begun };
}

test('shared() runs at once, and once for all concurrent callers', async () => {
  const { get, begun } = timed(10);
  const results = Promise.all([get(), get(), get()]);
  await vi.advanceTimersByTimeAsync(10);
  expect(await results).toEqual([1, 1, 1]);
  expect(begun).toEqual([0]);
});

test('shared() gives nobody the result of a run that began before the call', async () => {
  const { get, begun } = timed(10);
  const first = get();
  await vi.advanceTimersByTimeAsync(5);
  const later = [get(), get()];
  await vi.advanceTimersByTimeAsync(200);
  expect([await first, ...(await Promise.all(later))]).toEqual([1, 2, 2]);
  expect(begun).toEqual([0, 110]);
});

test.each([
  [1, 4, 100],
  [50, 4, 200],
  [6_000, 4, 1_000],
  // A run that waits for others.
  [6_000, 0, 100],
])(
  'shared() rests after a run of %i ms, with a rest per run of %i, for %i ms',
  async (milliseconds, restPerRun, rest) => {
    const { get, begun } = timed(milliseconds, { restPerRun });
    get();
    await vi.advanceTimersByTimeAsync(milliseconds + rest - 1);
    get();
    await vi.advanceTimersByTimeAsync(0);
    expect(begun).toEqual([0]);
    await vi.advanceTimersByTimeAsync(1);
    expect(begun).toEqual([0, milliseconds + rest]);
    await vi.advanceTimersByTimeAsync(milliseconds + rest);
    get();
    expect(begun).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(0);
    expect(begun).toEqual([0, milliseconds + rest, 2 * (milliseconds + rest)]);
  },
);

test('shared() rejects for all who wait, and continues', async () => {
  const { get } = timed(10, { fails: true });
  const first = Promise.allSettled([get(), get()]);
  await vi.advanceTimersByTimeAsync(10);
  expect((await first).map((each) => (each as PromiseRejectedResult).reason.message)).toEqual([
    'no run 1',
    'no run 1',
  ]);
  const second = expect(get()).rejects.toThrow('no run 2');
  await vi.advanceTimersByTimeAsync(200);
  await second;
});

test('shared() begins when there is time, and rests in proportion to the run alone', async () => {
  const whenFree = () => new Promise((resolve) => setTimeout(resolve, 500));
  const { get, begun } = timed(20, { restPerRun: 9, whenFree });
  get();
  await vi.advanceTimersByTimeAsync(499);
  const joined = get();
  await vi.advanceTimersByTimeAsync(21);
  expect(await joined).toBe(1);
  expect(begun).toEqual([500]);
  get();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(begun).toEqual([500, 520 + 180 + 500]);
});
