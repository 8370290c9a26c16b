/**
 * How long the endpoint of a ready pod takes to propagate everywhere, in milliseconds: kube-proxy
 * applies changes once a second (minSyncPeriod), ingress-nginx every 3.3 s (--sync-rate-limit=0.3).
 * At most an interval.
 */
const MAX_PROPAGATION_MS = 4_000;

/**
 * How long after the first interval the pod may still be found ready, in milliseconds (kubelet's
 * default period). At most two intervals.
 */
const MAX_LATE_MS = 10_000;

/**
 * Determines from when on the pod's Service and ingress can be expected to have an endpoint: once
 * the pod has been found ready and its endpoint has propagated, or, if nobody finds it ready, one
 * interval after the start (the contract).
 */
export class Startup {
  readonly #interval: number;
  readonly #oneInterval: number;
  readonly #latest: number;
  readonly #found = Promise.withResolvers<void>();
  #readyAt: number | undefined;

  /** `interval`: of the checks, in milliseconds. Startup begins now. */
  constructor(interval: number) {
    this.#interval = interval;
    this.#oneInterval = performance.now() + interval;
    this.#latest = this.#oneInterval + Math.min(2 * interval, MAX_LATE_MS);
  }

  /** Must be called whenever `/ready` responds with 200. */
  foundReady(): void {
    const now = performance.now();
    if (this.#readyAt !== undefined || now >= this.#latest) return;
    this.#readyAt = now;
    this.#found.resolve();
  }

  /**
   * Whether an attempt that began at `since` (milliseconds of `performance.now()`) was too early
   * for an endpoint. After the first interval, waits for the pod to be found ready if that may
   * still happen: a readiness probe can have an initial delay.
   */
  async isTooEarly(since: number): Promise<boolean> {
    if (this.#readyAt === undefined && since < this.#oneInterval) return true;
    if (this.#readyAt === undefined) await this.#foundOrLate();
    if (this.#readyAt === undefined) return false;
    return since < this.#readyAt + Math.min(this.#interval, MAX_PROPAGATION_MS);
  }

  async #foundOrLate(): Promise<void> {
    const left = this.#latest - performance.now();
    if (left <= 0) return;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, left);
    await Promise.race([this.#found.promise, late.promise]);
    clearTimeout(timer);
  }
}
