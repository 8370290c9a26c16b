import { expect, test } from 'vitest';
import { slope } from './slope.ts';

test('slope() is the slope of a line', () => {
  expect(slope([0, 1, 2, 5].map((x) => ({ x, y: 3 - 2 * x })))).toBeCloseTo(-2);
});

test('slope() of noise around a line is close to the slope of the line', () => {
  const noise = [1, -1, -1, 1];
  expect(slope(noise.map((y, x) => ({ x, y: y + 5 * x })))).toBeCloseTo(5);
});

test('slope() of one point is not a number', () => {
  expect(slope([{ x: 1, y: 1 }])).toBeNaN();
});
