import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../lab/support/until.ts';
import { watchEventLoop, withActiveTime } from '../src/event-loop.ts';
import { ok } from './support/fake-check.ts';

/** Watches until the test has finished; returns the delays so far. */
function watch(): { delays: number[]; unwatch: () => void } {
  const delays: number[] = [];
  const unwatch = watchEventLoop((seconds) => delays.push(seconds));
  onTestFinished(unwatch);
  return { delays, unwatch };
}

function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

test('watchEventLoop() measures about once a second, each time at a different point of the second', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const looks: number[] = [];
  onTestFinished(watchEventLoop(() => looks.push(performance.now() % 1000)));
  vi.advanceTimersByTime(60_000);
  expect(looks.length).toBeGreaterThan(50);
  expect(looks.length).toBeLessThanOrEqual(60);
  const tenths = new Set(looks.map((milliseconds) => Math.floor(milliseconds / 100)));
  expect(tenths.size).toBe(10);
});

test('watchEventLoop() reports how long timers were blocked, in seconds', async () => {
  const { delays } = watch();
  await until('a first look', 5_000, () => delays.length > 0);
  const before = delays.length;
  const begun = performance.now();
  block(1_530);
  await until('a look after it', 5_000, () => delays.length > before);
  const took = (performance.now() - begun) / 1000;
  // A timer due 1,030 ms after the last measurement fires 1,530 ms after it, or later.
  expect(delays[before]).toBeGreaterThan(0.4);
  expect(delays[before]).toBeLessThan(took);
});

test('watchEventLoop() reports little if nothing blocks, and never less than 0', async () => {
  const { delays } = watch();
  await until('four looks, and one in time', 10_000, () => {
    return delays.length >= 4 && Math.min(...delays) < 0.05;
  });
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
});

test('watchEventLoop() reports a delay once', async () => {
  const begun = performance.now();
  const { delays } = watch();
  block(2_500);
  await until('two looks after it', 10_000, () => delays.length >= 2);
  const took = (performance.now() - begun) / 1000;
  const [first = 0, second = 0] = delays;
  expect(first).toBeGreaterThan(1);
  expect(first + second).toBeLessThan(took);
});

test('watchEventLoop() reports nothing once it is stopped, and does not keep the process alive', async () => {
  const { delays, unwatch } = watch();
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  unwatch();
  unwatch();
  expect(timers()).toBe(before); // It is unref'd, so it never counts.
  const other = watch();
  await until('the other one looks', 5_000, () => other.delays.length > 0);
  expect(delays).toEqual([]);
});

test('withActiveTime() reports how long the process was active during a check, excluding waits', async () => {
  const reported: number[] = [];
  const probe = withActiveTime(
    async () => {
      await sleep(300);
      block(100);
      return ok();
    },
    (seconds) => reported.push(seconds),
  );
  const begun = performance.now();
  const outcome = await probe({ url: new URL('http://10.0.0.1/') }, AbortSignal.timeout(10_000));
  const took = (performance.now() - begun) / 1000;
  expect(outcome).toEqual(ok());
  expect(reported).toHaveLength(1);
  expect(reported[0]).toBeGreaterThan(0.09);
  expect(reported[0]).toBeLessThan(took - 0.2);
});
