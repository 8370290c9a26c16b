import { expect, test } from 'vitest';
import { BUCKETS, between, bucketQuantile, readLatencies } from './check-latencies.ts';

const NAME = 'kubenurse_httpclient_request_duration_seconds';

/** A scrape with one check's cumulative counts: up to 1 ms, up to 2 ms, and all. */
function scrape(type: string, counts: readonly number[]): string {
  const lines = ['0.001', '0.002', '+Inf'].map(
    (le, i) => `${NAME}_bucket{type="${type}",le="${le}"} ${counts[i]}`,
  );
  return [...lines, `${NAME}_sum{type="${type}"} 1.5`, `${NAME}_count{type="${type}"} 9`, ''].join(
    '\n',
  );
}

test('readLatencies() adds up the checks', () => {
  const text = `# TYPE ${NAME} histogram\n${scrape('a', [1, 2, 3])}${scrape('b{"}', [10, 20, 20])}`;
  expect([...readLatencies(text)]).toEqual([
    [0.001, 11],
    [0.002, 22],
    [Infinity, 23],
  ]);
});

test('readLatencies() of a type reads only the types that begin with it', () => {
  const text = `${scrape('a_0', [1, 2, 3])}${scrape('b_a', [9, 9, 9])}${scrape('a_1', [1, 1, 1])}`;
  expect([...readLatencies(text, 'a_').values()]).toEqual([2, 3, 4]);
});

test('between() leaves out what was there before', () => {
  const before = readLatencies(scrape('a', [1, 1, 1]));
  const after = readLatencies(`${scrape('a', [2, 4, 5])}${scrape('b', [0, 1, 1])}`);
  expect([...between(before, after).values()]).toEqual([1, 4, 5]);
});

test.each([
  [0.5, 0.001],
  [0.9, 0.002],
  [0.91, Infinity],
])('bucketQuantile() of %d is the bound %d', (q, bound) => {
  expect(bucketQuantile(readLatencies(scrape('a', [50, 90, 100])), q)).toBe(bound);
});

test('bucketQuantile() of no latencies is not a number', () => {
  expect(bucketQuantile(new Map(), 0.5)).toBeNaN();
  expect(bucketQuantile(readLatencies(scrape('a', [0, 0, 0])), 0.5)).toBeNaN();
});

test('the buckets are a tenth apart, up to a second', () => {
  expect(BUCKETS[0]).toBe(1e-4);
  expect(BUCKETS.at(-1)).toBeGreaterThan(1);
  expect(BUCKETS.every((bound, i) => i === 0 || bound / (BUCKETS[i - 1] ?? 0) < 1.101)).toBe(true);
});
