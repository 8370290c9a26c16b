import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RateLimiter } from '../src/rate-limiter.ts';

beforeEach(() => vi.useFakeTimers({ now: 0 }));

afterEach(() => vi.useRealTimers());

/** A pace of three in 100 ms, and who was served when. */
function paced() {
  const pace = new RateLimiter({ window: 100, budget: 3 });
  const served: string[] = [];
  const come = (client: string, isGone = () => false) =>
    pace.admit({ client, isGone, serve: () => served.push(`${client} at ${performance.now()}`) });
  return { served, come };
}

test('RateLimiter serves at once what comes at a moderate rate', async () => {
  const { served, come } = paced();
  for (let i = 0; i < 3; i += 1) come('a');
  await vi.advanceTimersByTimeAsync(100);
  for (let i = 0; i < 3; i += 1) come('a');
  expect(served).toEqual([...Array(3).fill('a at 0'), ...Array(3).fill('a at 100')]);
});

test('RateLimiter has what is more wait, in the order in which it came', async () => {
  const { served, come } = paced();
  for (let i = 0; i < 8; i += 1) come('a');
  expect(served).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(99);
  expect(served).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(1);
  expect(served).toHaveLength(6);
  come('a');
  expect(served).toHaveLength(6);
  await vi.advanceTimersByTimeAsync(100);
  expect(served).toHaveLength(9);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(100);
  expect(vi.getTimerCount()).toBe(0);
});

test('RateLimiter serves the first of each client in a window at once, however many wait', async () => {
  const { served, come } = paced();
  for (let i = 0; i < 100; i += 1) come('a');
  for (const client of ['b', 'b', 'c']) come(client);
  expect(served).toEqual([...Array(3).fill('a at 0'), 'b at 0', 'c at 0']);
  await vi.advanceTimersByTimeAsync(100);
  come('c');
  expect(served.slice(5)).toEqual([...Array(3).fill('a at 100'), 'b at 100', 'c at 100']);
});

test('RateLimiter passes over who has gone', async () => {
  const { served, come } = paced();
  let isGone = false;
  for (let i = 0; i < 3; i += 1) come('a');
  for (let i = 0; i < 1_000; i += 1) come('a', () => isGone);
  come('a');
  isGone = true;
  await vi.advanceTimersByTimeAsync(100);
  expect(served).toEqual([...Array(3).fill('a at 0'), 'a at 100']);
});
