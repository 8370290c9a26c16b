import type { ServerResponse } from 'node:http';
import { clientOf } from '../connections.ts';
import type { KoaPage } from './page.ts';

/** Responses at once: a client that does not read keeps one in memory, of up to 300 KB where there are 1,000 nodes. */
const MAX_VIEWERS = 32;

/** Between two responses, in milliseconds: a page of 1,000 nodes of which one is chosen takes 13 ms of CPU (measured). */
const REST_MS = 50;

type Viewer = Readonly<{ client: string; response: ServerResponse }>;

/**
 * Bounds what the viewers of several pages cost together: at most 32 responses at once, made one after the other with a
 * rest between them. Where a further one comes, the oldest of the client that has the most is closed for it, so that nobody
 * locks others out.
 */
export function boundViewers(): (page: KoaPage) => KoaPage {
  const viewers = new Set<Viewer>();
  let turn = Promise.resolve();
  return (page) => async (context) => {
    const viewer = { client: clientOf(context.req.socket), response: context.res };
    if (viewers.size >= MAX_VIEWERS) closeOne(viewers);
    viewers.add(viewer);
    context.res.once('close', () => viewers.delete(viewer));
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

function closeOne(viewers: Set<Viewer>): void {
  const byClient = [...Map.groupBy(viewers, ({ client }) => client).values()];
  const [oldest] = byClient.reduce((most, own) => (own.length > most.length ? own : most));
  if (oldest === undefined) return;
  viewers.delete(oldest);
  oldest.response.destroy();
}
