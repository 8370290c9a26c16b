import { expect, test } from 'vitest';
import { groupSteps, mapSteps, type Steps, stepsOf } from '../../src/verdict/steps.ts';
import { verdictSteps } from '../../src/verdict/verdict.ts';
import { crowdedView, readsOf } from './crowded.ts';

/** The result, and after how many steps. */
function run<T>(steps: Steps<T>): [result: T, steps: number] {
  for (let count = 0; ; count++) {
    const { done, value } = steps.next();
    if (done) return [value, count];
  }
}

test('the verdict about a large cluster is reached in steps, each of which reads few checks', () => {
  const reads = readsOf(crowdedView(), verdictSteps);
  expect(reads.all).toBeGreaterThan(50);
  expect(reads.most).toBeLessThan(1.5);
  expect(reads.steps).toBeGreaterThan(1_000);
});

test('mapSteps() and groupSteps() return what map() and groupBy() do', () => {
  const items = Array.from({ length: 1_200 }, (_, i) => i);
  expect(run(mapSteps(items, (item) => item + 1, 100))).toEqual([items.map((i) => i + 1), 12]);
  const isEven = (item: number) => item % 2 === 0;
  expect(run(groupSteps(items, isEven))).toEqual([Map.groupBy(items, isEven), 2]);
});

test('stepsOf() ends a step with the item that makes it heavy enough', () => {
  expect([3, 4, 3, 9, 1, 20].map(stepsOf(10))).toEqual([false, false, true, false, true, true]);
});
