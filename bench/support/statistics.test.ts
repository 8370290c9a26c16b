import { expect, test } from 'vitest';
import { quantile, spreadOf } from './statistics.ts';
import { markdownTable, shownSpread } from './table.ts';

test('quantile() is the least number that a share q of the numbers does not exceed', () => {
  const numbers = [40, 10, 30, 20];
  expect([0, 0.25, 0.5, 0.51, 0.99, 1].map((q) => quantile(numbers, q))).toEqual([
    10, 10, 20, 30, 40, 40,
  ]);
  expect(quantile([], 0.5)).toBeNaN();
});

test('shownSpread() shows the median, and the minimum and maximum if they differ', () => {
  expect(shownSpread(spreadOf([3, 1, 2.5]), 1)).toBe('2.5 (1.0 to 3.0)');
  expect(shownSpread(spreadOf([2, 2]), 1)).toBe('2.0');
});

test('markdownTable() aligns the first column left, and the others right', () => {
  expect(markdownTable(['a', 'b'], [['x', '1']])).toBe('| a | b |\n| --- | ---: |\n| x | 1 |');
});
