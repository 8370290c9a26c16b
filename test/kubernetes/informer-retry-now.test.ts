import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { startScriptedServer } from '../support/api-server.ts';
import { Followed } from './follow.ts';

/** Starts a server that refuses every request. Returns when it did (ms of `performance.now()`). */
async function startRefusing(headers: Record<string, string> = {}): Promise<number[]> {
  const times: number[] = [];
  await startScriptedServer((_, response) => {
    times.push(performance.now());
    response.writeHead(429, headers).end();
  });
  return times;
}

/** The time between the last two refusals, in milliseconds. */
const betweenLast = (times: readonly number[]) => (times.at(-1) ?? 0) - (times.at(-2) ?? 0);

test('Informer.retryNow() sends the next request, but not before a second has passed', async () => {
  const times = await startRefusing();
  const followed = new Followed();
  // Without a retryNow, the third comes 2 to 4 s after the second.
  await until('it was refused twice', 5_000, () => times.length === 2);
  followed.retryNow();
  await until('it was refused again', 1_900, () => times.length === 3);
  expect(betweenLast(times)).toBeGreaterThanOrEqual(999);
});

test('Informer.retryNow() does not retry before the time of the API server’s Retry-After', async () => {
  const times = await startRefusing({ 'retry-after': '2' });
  const followed = new Followed();
  await until('it was refused', 5_000, () => times.length === 1);
  followed.retryNow();
  await until('it was refused again', 5_000, () => times.length === 2);
  expect(betweenLast(times)).toBeGreaterThanOrEqual(1_999);
});

test('Informer.retryNow() sends fewer requests the longer the API server refuses them', async () => {
  const times = await startRefusing();
  const followed = new Followed();
  const timer = setInterval(() => followed.retryNow(), 50);
  onTestFinished(() => clearInterval(timer));
  await until('it was refused five times', 15_000, () => times.length === 5);
  const waits = times.slice(1).map((time, at) => Math.round((time - (times[at] ?? 0)) / 1_000));
  expect(waits).toEqual([1, 1, 2, 3]);
});
