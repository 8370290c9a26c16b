import { restAfter } from '../rest.ts';
import type { Steps } from '../verdict/steps.ts';
import type { Turn } from './pace.ts';

/**
 * Maximum time of a turn, in milliseconds: its last step may be long, up to 20 with 5,000 pods
 * (measured).
 */
const MAX_TURN_MS = 25;

/** No further step begins in a turn that has taken this many milliseconds. */
const TURN_MS = 4;

/**
 * Runs the steps in turns of the event loop that have time for them, with rests in between.
 * Resolves with their result.
 */
export async function runSteps<T>(steps: Steps<T>, turn: Turn): Promise<T> {
  for (;;) {
    await turn(MAX_TURN_MS);
    const begin = performance.now();
    do {
      const { done, value } = steps.next();
      if (done) return value;
    } while (performance.now() - begin < TURN_MS);
    await restAfter(performance.now() - begin);
  }
}
