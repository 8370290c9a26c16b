/** How long it takes to begin a response, in milliseconds (measured: 1). */
const RESPONSE_MS = 2;

/** Resolves with whether the response can still be sent. */
export type InTurn = (response: Readonly<{ destroyed: boolean }>) => Promise<boolean>;

/**
 * Lets callers proceed one after another, each in a separate turn of the event loop when there is
 * time; a caller that is gone by then proceeds at once. Hundreds of clients may wait for the same
 * text: if all were served in one go, a neighbour's check would wait for all of them. `timeFor`
 * resolves in a later turn, when there is time for work of this many milliseconds.
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
