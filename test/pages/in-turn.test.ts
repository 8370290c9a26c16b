import { expect, test } from 'vitest';
import { createInTurn } from '../../src/pages/in-turn.ts';
import { anyTime, inTurn } from '../support/any-time.ts';

test('createInTurn() lets one caller continue in each turn of the event loop, in order', async () => {
  let turn = 0;
  let isOver = false;
  const count = () => {
    turn += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const turns: number[] = [];
  const order: number[] = [];
  await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      await inTurn({ destroyed: false });
      turns.push(turn);
      order.push(i);
    }),
  );
  isOver = true;
  expect(new Set(turns).size).toBe(50);
  expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i));
});

test('createInTurn() gives no turn to a client that has gone, at the call or while waiting', async () => {
  let isOver = false;
  let turn = 0;
  const count = () => {
    turn += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const leaving = { destroyed: false };
  const callers = [
    { destroyed: false },
    ...Array(50).fill({ destroyed: true }),
    ...Array(50).fill(leaving),
    { destroyed: false },
  ];
  const sent = callers.map((caller) => inTurn(caller));
  leaving.destroyed = true;
  const results = await Promise.all(sent);
  isOver = true;
  expect(results.map(Boolean)).toEqual([true, ...Array(100).fill(false), true]);
  expect(turn).toBeLessThan(10);
});

test('createInTurn() lets a caller continue when there is time', async () => {
  const { promise: isTime, resolve } = Promise.withResolvers<void>();
  const isInTurn = createInTurn(() => isTime);
  let hasTurn = false;
  const turn = isInTurn({ destroyed: false }).then(() => {
    hasTurn = true;
  });
  await anyTime();
  expect(hasTurn).toBe(false);
  resolve();
  await turn;
});
