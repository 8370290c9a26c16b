/** A number of requests per window. */
export type RateLimit = Readonly<{
  /** Milliseconds. */
  window: number;
  /** How many requests are served per window, in the order of arrival. */
  budget: number;
}>;

type Waiting = Readonly<{ client: string; isGone: () => boolean; serve: () => void }>;

/**
 * Serves requests immediately at a moderate rate, and delays the excess to a later window, so that clients in a loop do not
 * take the CPU. The first request of each client in a window is always served immediately: infrequent clients, such as
 * neighbours and kubelet, never wait for frequent ones.
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

  /** Calls `serve` now or later, unless the client has disconnected by then. */
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
