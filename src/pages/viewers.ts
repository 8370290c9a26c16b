import type { ServerResponse } from 'node:http';
import { clientOf } from '../connections.ts';
import { FairLimit } from '../fair-limit.ts';
import type { KoaPage } from './page.ts';

/** Responses at once: a client that does not read keeps one in memory, of up to 300 KB where there are 1,000 nodes. */
const MAX_VIEWERS = 32;

/** Between two responses, in milliseconds: a page of 1,000 nodes of which one is chosen takes 13 ms of CPU (measured). */
const REST_MS = 50;

/**
 * Bounds what the viewers of several pages cost together: at most 32 responses at once, made one after the other with a
 * rest between them.
 */
export function boundViewers(): (page: KoaPage) => KoaPage {
  const responses = new FairLimit<ServerResponse>(MAX_VIEWERS);
  let turn = Promise.resolve();
  return (page) => async (context) => {
    responses.add(clientOf(context.req.socket), context.res);
    const before = turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    turn = promise;
    await before;
    if (context.res.destroyed) return resolve();
    try {
      await page(context);
    } finally {
      setTimeout(resolve, REST_MS).unref();
    }
  };
}
