import { setTimeout as sleep } from 'node:timers/promises';
import type { Clients } from './client.ts';
import type { Served } from './packed-program.ts';

/**
 * Neighbours check from so many addresses, so many at once: each address every five seconds, as they do it. From one that is
 * seldom served, requests do not wait for others.
 */
const ADDRESSES = 300;
const AT_ONCE = 3;

/** How often each of those at once checks, in milliseconds. */
const NEIGHBOUR_MS = 50;

/** A check that takes longer fails, at a neighbour. Milliseconds. */
const CHECK_TIMEOUT_MS = 5_000;

/** What checks by neighbours took until it is over, in milliseconds. Throws where one fails. */
export async function neighbourLatencies(
  { port }: Served,
  clients: Clients,
  isOver: () => boolean,
): Promise<number[]> {
  const latencies: number[] = [];
  let checks = 0;
  const neighbour = async () => {
    while (!isOver()) {
      const number = checks++ % ADDRESSES;
      const address = `127.2.${Math.floor(number / 250)}.${1 + (number % 250)}`;
      const took = await clients.request(port, '/alwayshappy', 1, 'new', address);
      if (Math.max(...took) > CHECK_TIMEOUT_MS) throw new Error(`a check took ${took} ms`);
      latencies.push(...took);
      await sleep(NEIGHBOUR_MS);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, neighbour));
  return latencies;
}
