import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Work that takes this long, in milliseconds, is followed by a rest of the same length. Accepting, reading and serving a
 * neighbour's check are three turns of the event loop, each of which would otherwise do another piece of such work.
 */
const LONG_MS = 2;

/** Resolves after the rest that work of so many milliseconds needs: at once if it was short. */
export async function restAfter(milliseconds: number): Promise<void> {
  if (milliseconds >= LONG_MS) await sleep(milliseconds);
}
