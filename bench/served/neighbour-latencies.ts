import { setTimeout as sleep } from 'node:timers/promises';
import type { Clients } from './client.ts';
import type { Served } from './packed-program.ts';

/**
 * How many addresses neighbours check from, and how many check at once: each address every five
 * seconds, as neighbours do. Requests from an address that is seldom served do not wait for others.
 */
const ADDRESSES = 300;
const AT_ONCE = 3;

/** How often each of the concurrent neighbours checks, in milliseconds. */
const NEIGHBOUR_MS = 50;

/** A neighbour's check fails if it takes longer. Milliseconds. */
const CHECK_TIMEOUT_MS = 5_000;

/** The latencies of checks by neighbours until `isOver`, in milliseconds. Throws if one fails. */
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
