import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runSteps } from '../../src/cluster/run-steps.ts';

/** Steps that block the event loop for these numbers of milliseconds. */
function* steps(lengths: readonly number[]) {
  for (const length of lengths) {
    const end = performance.now() + length;
    while (performance.now() < end);
    yield;
  }
  return 'done';
}

test('after a long step the event loop is free for as long', async () => {
  const begin = performance.now();
  expect(await runSteps(steps([40, 40, 40]), () => setImmediate())).toBe('done');
  // The resolution of timers is a millisecond.
  expect(performance.now() - begin).toBeGreaterThan(235);
});

test('steps wait for a turn that has time for them: many short ones share one, each long one has its own', async () => {
  const turns: number[] = [];
  const turn = async (milliseconds: number) => turns.push(milliseconds);
  await runSteps(steps([0, 0, 0]), turn);
  expect(turns).toEqual([25]);
  await runSteps(steps([5, 5]), turn);
  expect(turns).toEqual([25, 25, 25, 25]);
});
