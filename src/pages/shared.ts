/** The rest between the end of a run and the beginning of the next, in milliseconds. */
const MIN_REST_MS = 100;
const MAX_REST_MS = 1_000;

/**
 * `make`, run once for all who wait, so that any number of callers costs no more than one. Each gets the result of a run
 * that began after the call, and waits for the rest after the last run first. `restPerRun`: the rest as a multiple of the
 * time that the run took, for one that computes.
 */
export function shared<T>(make: () => Promise<T>, restPerRun = 0): () => Promise<T> {
  let rested = Promise.resolve();
  let next: Promise<T> | undefined;
  const run = async () => {
    await rested;
    next = undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    rested = promise;
    const begin = performance.now();
    try {
      return await make();
    } finally {
      const rest = restPerRun * (performance.now() - begin);
      setTimeout(resolve, Math.min(Math.max(rest, MIN_REST_MS), MAX_REST_MS)).unref();
    }
  };
  return () => {
    next ??= run();
    return next;
  };
}
