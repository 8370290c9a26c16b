import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `condition` holds, asking it every 10 ms.
 * Throws when it does not hold within `limitMs` milliseconds; `what` says in the error what was waited for.
 */
export async function until(
  what: string,
  limitMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() >= end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(10);
  }
}
