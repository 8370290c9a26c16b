import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Work that takes this long, in milliseconds, is followed by a rest of the same length. Accepting, reading and serving a
 * neighbour's check are three turns of the event loop, each of which would otherwise do another piece of such work.
 */
const LONG_MS = 2;

/**
 * Resolves after the rest that work of so many milliseconds needs, `times` as long: at once if it was short, with whether there
 * was a rest. Rejects when the signal aborts.
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
