import { clientOf } from '../connections.ts';
import { FairLimit } from '../fair-limit.ts';
import type { KoaPage } from './page.ts';

/** Responses at once: a client that does not read keeps one in memory, of up to 300 KB where there are 1,000 nodes. */
const MAX_VIEWERS = 32;

/** What it takes to render a page of thousands of nodes, in milliseconds (measured). */
const RENDER_MS = 75;

/** Between two responses, in milliseconds: a page of 1,000 nodes of which one is chosen takes 13 ms of CPU (measured). */
const REST_MS = 50;

/**
 * Bounds what the viewers of several pages cost together: at most 32 responses at once, made one after the other with a
 * rest between them. `timeFor` resolves when there is time for work of so many milliseconds.
 */
export function boundViewers(
  timeFor: (milliseconds: number) => Promise<unknown>,
): (page: KoaPage) => KoaPage {
  const responses = new FairLimit(MAX_VIEWERS);
  let turn = Promise.resolve();
  return (page) => async (context) => {
    const { req, res } = context;
    const client = clientOf(req.socket);
    responses.add(client, res);
    res.once('close', () => responses.remove(client, res));
    const before = turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    turn = promise;
    await before;
    if (res.destroyed) return resolve();
    try {
      await timeFor(RENDER_MS);
      await page(context);
    } finally {
      setTimeout(resolve, REST_MS).unref();
    }
  };
}
