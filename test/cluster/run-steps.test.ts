import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runSteps } from '../../src/cluster/run-steps.ts';

/** Steps that hold the event loop for so many milliseconds each. */
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
  // Timers have whole milliseconds.
  expect(performance.now() - begin).toBeGreaterThan(235);
});

test('each step waits for a turn that has time for it', async () => {
  const turns: number[] = [];
  await runSteps(steps([0, 0]), async (milliseconds) => turns.push(milliseconds));
  expect(turns).toEqual([50, 50, 50]);
});
