import { setTimeout as sleep } from 'node:timers/promises';

/** Factor of each limit, for machines under load. */
const PATIENCE = 6;

/**
 * How often, in milliseconds, to check a condition that costs CPU time, such as scrapes of every
 * node.
 */
export const SELDOM_MS = 100;

/**
 * Waits until `condition` holds, checking it every `pollMs`. `limitMs`: how long that may take if
 * nothing else is running. Both are in milliseconds. Throws if it does not hold after six times
 * that limit; `what` names the condition in the error.
 */
export async function until(
  what: string,
  limitMs: number,
  condition: () => boolean | Promise<boolean>,
  pollMs = 10,
): Promise<void> {
  const end = performance.now() + limitMs * PATIENCE;
  while (!(await condition())) {
    if (performance.now() >= end) throw new Error(`not within ${limitMs * PATIENCE} ms: ${what}`);
    await sleep(pollMs);
  }
}
