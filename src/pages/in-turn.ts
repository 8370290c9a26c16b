import { setImmediate } from 'node:timers/promises';

let last: Promise<unknown> = Promise.resolve();

/**
 * Resolves for one caller in each turn of the event loop, with whether its response can still be sent; at once for one that
 * has gone by then. Hundreds of clients may wait for the same text: if all were served in one go, a neighbour's check
 * would wait for all of them.
 */
export function inTurn(response: Readonly<{ destroyed: boolean }>): Promise<boolean> {
  const own = last.then(async () => {
    if (!response.destroyed) await setImmediate();
    return !response.destroyed;
  });
  last = own;
  return own;
}
