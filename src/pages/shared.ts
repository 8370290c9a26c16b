/** The shortest rest between the end of a run and the beginning of the next, in milliseconds. */
const MIN_REST_MS = 100;

/** The rest as a multiple of the time that the run took: runs take at most a fifth of the time. */
const REST_PER_RUN = 4;

/**
 * `make`, run once for all who wait, so that no number of callers costs more than one. Each gets the result of a run
 * that began after the call, and waits for the rest after the last run first.
 */
export function shared<T>(make: () => Promise<T>): () => Promise<T> {
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
      const rest = Math.max(MIN_REST_MS, REST_PER_RUN * (performance.now() - begin));
      setTimeout(resolve, rest).unref();
    }
  };
  return () => {
    next ??= run();
    return next;
  };
}
