import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Pace } from '../../src/cluster/pace.ts';

/** Starts `count` requests as soon as they may start. */
async function runAll(count: number, request: () => Promise<void>, turn = () => setImmediate()) {
  const pace = new Pace(count, turn);
  await Promise.all(Array.from({ length: count }, () => pace.run(request)));
}

test('requests start 2 ms apart', async () => {
  const begin = performance.now();
  const starts: number[] = [];
  await runAll(100, async () => {
    starts.push(performance.now() - begin);
  });
  expect(starts).toHaveLength(100);
  // A timer may fire a little early, which the next one makes up for.
  expect(starts.every((start, index) => start > 2 * index - 5)).toBe(true);
});

test('while responses arrive within 20 ms, at most eight requests wait at once', async () => {
  let [waiting, most] = [0, 0];
  await runAll(60, async () => {
    waiting += 1;
    most = Math.max(most, waiting);
    await sleep(18);
    waiting -= 1;
  });
  expect(most).toBe(8);
});

test('requests without a response do not hold up others for longer than 20 ms', async () => {
  const silent = Promise.withResolvers<void>();
  let started = 0;
  await runAll(60, () => {
    started += 1;
    if (started === 60) silent.resolve();
    return silent.promise;
  });
  expect(started).toBe(60);
});

test('a request waits for a turn that has time for its response, too', async () => {
  const turns: number[] = [];
  const pace = new Pace(1, async (milliseconds) => {
    turns.push(milliseconds);
  });
  await pace.run(async () => {
    turns.push(0);
  });
  expect(turns).toEqual([10, 0]);
});
