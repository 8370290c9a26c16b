/** How much is served at once. */
export type RateLimit = Readonly<{
  /** Milliseconds. */
  window: number;
  /** How many are served in a window for whoever comes first. */
  budget: number;
}>;

type Waiting = Readonly<{ client: string; isGone: () => boolean; serve: () => void }>;

/**
 * Serves at once what comes at a moderate rate, and has what is more wait for a later window, so that clients in a loop
 * do not take the CPU. The first of each client in a window is always served at once: who comes seldom, as a
 * neighbour's check or kubelet's probe does, never waits for those who come often.
 */
export class RateLimiter {
  readonly #options: RateLimit;
  readonly #served = new Set<string>();
  #count = 0;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RateLimit) {
    this.#options = options;
  }

  /** Calls `serve` now or later, unless the client has gone by then. */
  admit(waiting: Waiting): void {
    if (waiting.isGone()) return;
    this.#timer ??= setTimeout(() => this.#nextWindow(), this.#options.window).unref();
    if (this.#count >= this.#options.budget && this.#served.has(waiting.client)) {
      this.#waiting.push(waiting);
      return;
    }
    this.#count += 1;
    this.#served.add(waiting.client);
    waiting.serve();
  }

  #nextWindow(): void {
    this.#timer = undefined;
    this.#served.clear();
    this.#count = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) this.admit(each);
  }
}
