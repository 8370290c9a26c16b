import { setTimeout as sleep } from 'node:timers/promises';

/** Factor of each limit, for machines under load. */
const PATIENCE = 6;

/**
 * Waits until `condition` holds, checking it every 10 ms. `limitMs`: how long that may take, in milliseconds, where
 * nothing else is running. Throws when it has not held after six times as long; `what` names the condition in the error.
 */
export async function until(
  what: string,
  limitMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = performance.now() + limitMs * PATIENCE;
  while (!(await condition())) {
    if (performance.now() >= end) throw new Error(`not within ${limitMs * PATIENCE} ms: ${what}`);
    await sleep(10);
  }
}
