/** What it takes to begin a response, in milliseconds (measured: 1). */
const RESPONSE_MS = 2;

/** Resolves with whether the response can still be sent. */
export type InTurn = (response: Readonly<{ destroyed: boolean }>) => Promise<boolean>;

/**
 * Lets one caller after another go on, each when there is time, in a turn of the event loop of its own; one that has gone by then at once.
 * Hundreds of clients may wait for the same text: if all were served in one go, a neighbour's check would wait for all of them. `timeFor`
 * resolves when there is time for work of so many milliseconds, in a later turn.
 */
export function createInTurn(timeFor: (milliseconds: number) => Promise<unknown>): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (response) => {
    const own = last.then(async () => {
      if (!response.destroyed) await timeFor(RESPONSE_MS);
      return !response.destroyed;
    });
    last = own;
    return own;
  };
}
