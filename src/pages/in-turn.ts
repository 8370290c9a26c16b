import { setImmediate } from 'node:timers/promises';

let last: Promise<unknown> = Promise.resolve();

/**
 * Resolves for one caller in each turn of the event loop. Hundreds of clients may wait for the same text: if all were
 * served in one go, a neighbour's check would wait for all of them.
 */
export function inTurn(): Promise<unknown> {
  last = last.then(() => setImmediate());
  return last;
}
