/** Limits of the rest between two runs, in milliseconds. */
const MIN_REST_MS = 100;
const MAX_REST_MS = 1_000;

type SharedOptions = Readonly<{ restPerRun?: number; whenFree?: () => Promise<unknown> }>;

/**
 * Runs `make` once for all waiting callers, so that any number of them costs no more than one. Each
 * gets the result of a run that began after the call, once the rest after the last run is over. If
 * `make` computes, `restPerRun` is the rest as a multiple of the run's duration, and a run begins
 * when `whenFree` has resolved.
 */
export function shared<T>(
  make: () => Promise<T>,
  { restPerRun = 0, whenFree = async () => {} }: SharedOptions = {},
): () => Promise<T> {
  let rested = Promise.resolve();
  let next: Promise<T> | undefined;
  const run = async () => {
    await rested;
    await whenFree();
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
