import type { setTimeout as sleep } from 'node:timers/promises';

/**
 * In milliseconds: any wait after a failure is longer than this, and the polling of tests is
 * shorter.
 */
const SHORTEST_MS = 400;
const TIMES_SHORTER = 1_000;

/** How long the subject wanted to wait after each failure, in milliseconds. */
export const waits: number[] = [];

/**
 * For `vi.mock('node:timers/promises', …)`: long waits are recorded, and take a thousandth of their
 * time.
 */
export async function shortenWaits(
  loadOriginal: () => Promise<{ setTimeout: typeof sleep }>,
): Promise<object> {
  const original = await loadOriginal();
  const shortened: typeof sleep = (milliseconds = 0, value, options) => {
    if (milliseconds < SHORTEST_MS) return original.setTimeout(milliseconds, value, options);
    waits.push(milliseconds);
    return original.setTimeout(milliseconds / TIMES_SHORTER, value, options);
  };
  return { ...original, setTimeout: shortened };
}
