import { expect, test } from 'vitest';
import { inTurn } from '../../src/pages/in-turn.ts';

test('inTurn() lets one caller go on in each turn of the event loop, in their order', async () => {
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
      await inTurn();
      turns.push(turn);
      order.push(i);
    }),
  );
  isOver = true;
  expect(new Set(turns).size).toBe(50);
  expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i));
});
