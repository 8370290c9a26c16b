import type { Socket } from 'node:net';
import { clientOf } from '../connections.ts';
import { FairLimit } from '../fair-limit.ts';
import { FairTurns } from './fair-turns.ts';
import type { KoaPage } from './page.ts';

/**
 * Maximum connections with a response at once: for a client that does not read, the kernel's send
 * buffer holds up to 128 KB, or up to 4 MB (`net.ipv4.tcp_wmem`) if it cannot be limited.
 */
const MAX_VIEWERS = 16;

/**
 * The time a response takes in milliseconds, apart from what is rendered once for all viewers in
 * separate turns: 13 for a page of 1,000 nodes with one selected (measured).
 */
const RESPONSE_MS = 20;

/** Rest between two responses, in milliseconds. */
const REST_MS = 50;

/**
 * Bounds what the viewers of several pages cost together. There are at most 16 connections at once,
 * each until it closes, since a response that has been written may not have been received.
 * Responses are made one after another with a rest between them, the next for the client that has
 * waited longest since its last. `timeFor` resolves when there is time for work of this many
 * milliseconds.
 */
export function boundViewers(
  timeFor: (milliseconds: number) => Promise<unknown>,
): (page: KoaPage) => KoaPage {
  const viewers = new FairLimit(MAX_VIEWERS);
  const known = new WeakSet<Socket>();
  const admit = (socket: Socket) => {
    if (known.has(socket)) return;
    known.add(socket);
    const client = clientOf(socket);
    viewers.add(client, socket);
    socket.once('close', () => viewers.remove(client, socket));
  };
  const turns = new FairTurns();
  return (page) => async (context) => {
    const { req, res } = context;
    await turns.take(clientOf(req.socket));
    if (res.destroyed) return turns.end();
    try {
      await timeFor(RESPONSE_MS);
      if (res.destroyed) return;
      admit(req.socket);
      await page(context);
    } finally {
      setTimeout(() => turns.end(), REST_MS).unref();
    }
  };
}
