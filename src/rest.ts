import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Work that takes this long, in milliseconds, is followed by a rest of the same length. Accepting,
 * reading and serving a neighbour's check take three turns of the event loop, each of which would
 * otherwise include another piece of such work.
 */
const LONG_MS = 2;

/**
 * Resolves after the rest that work of this many milliseconds needs, `times` as long: immediately
 * if it was short. Returns whether there was a rest. Rejects when the signal aborts.
 */
export async function restAfter(
  milliseconds: number,
  signal?: AbortSignal,
  times = 1,
): Promise<boolean> {
  if (milliseconds < LONG_MS) return false;
  await sleep(times * milliseconds, undefined, { signal });
  return true;
}
