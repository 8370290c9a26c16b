import { restAfter } from '../rest.ts';
import type { Steps } from '../verdict/steps.ts';
import type { Turn } from './pace.ts';

/** What a step of the verdict takes at most with 5,000 pods, in milliseconds (measured). */
const MAX_STEP_MS = 50;

/** Runs the steps, each when there is time for it, and rests after those that take long. Resolves with their result. */
export async function runSteps<T>(steps: Steps<T>, turn: Turn): Promise<T> {
  for (;;) {
    await turn(MAX_STEP_MS);
    const begin = performance.now();
    const { done, value } = steps.next();
    if (done) return value;
    await restAfter(performance.now() - begin);
  }
}
