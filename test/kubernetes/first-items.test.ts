import { expect, test } from 'vitest';
import { FirstItems, MAX_ITEMS } from '../../src/kubernetes/first-items.ts';

const ALL = 3 * MAX_ITEMS;
const keyOf = (number: number) => `pod-${String(number).padStart(6, '0')}`;

/** Coprime to `ALL`, so that its multiples, modulo `ALL`, are all numbers below it. */
const STEP = 17_377;

test.each([
  { order: 'ascending', numberOf: (index: number) => index },
  { order: 'descending', numberOf: (index: number) => ALL - 1 - index },
  { order: 'mixed', numberOf: (index: number) => (index * STEP) % ALL },
])('FirstItems keeps the first keys that come in $order order', ({ numberOf }) => {
  const first = new FirstItems<number>();
  for (let index = 0; index < ALL; index++) first.set(keyOf(numberOf(index)), numberOf(index));

  const keys = [...first.items.keys()].toSorted();
  expect(keys.length).toBeGreaterThanOrEqual(MAX_ITEMS);
  expect(keys.length).toBeLessThanOrEqual(1.05 * MAX_ITEMS);
  expect(keys).toEqual(keys.map((_, number) => keyOf(number)));
  expect(first.isCut).toBe(true);
});

test('FirstItems accepts new versions of what it keeps, and nothing of what it left out', () => {
  const first = new FirstItems<string>();
  for (let number = 0; number < ALL; number++) first.set(keyOf(number), 'old');

  expect(first.set(keyOf(1), 'new')).toBe(true);
  expect(first.items.get(keyOf(1))).toBe('new');
  expect(first.delete(keyOf(2))).toBe(true);
  expect(first.delete(keyOf(2))).toBe(false);
  expect(first.set(keyOf(ALL), 'new')).toBe(false);
  // There is room by now, but not for this one, because others that precede it are not known.
  expect(first.set(keyOf(ALL - 1), 'new')).toBe(false);
  expect(first.set(keyOf(2), 'new')).toBe(true);
});

test('FirstItems leaves nothing out if there are no more than it keeps', () => {
  const first = new FirstItems<number>();
  for (let number = 0; number < MAX_ITEMS; number++) first.set(keyOf(number), number);
  expect(first.items.size).toBe(MAX_ITEMS);
  expect(first.isCut).toBe(false);
});
