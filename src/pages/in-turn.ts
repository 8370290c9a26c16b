import type { Context } from 'koa';

type Answer = (context: Context) => Promise<void>;

/** Milliseconds between the end of an answer and the beginning of the next. */
const REST_MS = 100;

/** Requests of one client that wait. */
const MOST_OF_CLIENT = 4;

/**
 * The answer, given to one request at a time and with rests, so that no number of requests takes more time than that.
 * Whoever asks meanwhile waits. A client of whose requests four wait has the next ones answered with 429, so that it
 * does not keep others waiting for long.
 */
export function inTurn(answer: Answer): Answer {
  const waiting = new Map<string, number>();
  let last = Promise.resolve();
  return async (context) => {
    const client = context.req.socket.remoteAddress ?? '';
    const ofClient = waiting.get(client) ?? 0;
    if (ofClient === MOST_OF_CLIENT) {
      context.status = 429;
      context.set('Retry-After', '1');
      return;
    }
    waiting.set(client, ofClient + 1);
    const turn = last;
    const { promise, resolve } = Promise.withResolvers<void>();
    last = promise;
    await turn;
    if (waiting.get(client) === 1) waiting.delete(client);
    else waiting.set(client, (waiting.get(client) ?? 0) - 1);
    try {
      await answer(context);
    } finally {
      setTimeout(resolve, REST_MS).unref();
    }
  };
}
