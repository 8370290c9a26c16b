/** A number of requests per window. */
export type RateLimit = Readonly<{
  /** Milliseconds. */
  window: number;
  /** How many requests are served per window. */
  budget: number;
}>;

type Waiting = Readonly<{ client: string; isGone: () => boolean; serve: () => void }>;

/** A client that has not been served for this long, in milliseconds, is served immediately. */
const IDLE_MS = 1_000;

/** Where more requests of one client wait, some may have gone: it has at most 50 connections over each port. */
const MAX_WAITING = 200;

/**
 * Serves requests immediately at a moderate rate, and delays the excess, so that clients in a loop do not take the CPU.
 * Waiting clients take turns, so that nobody waits for all requests of another. The newest request of a client is served
 * first: in the order of arrival, a client with more requests than turns would get responses only to those it has given up.
 * An idle client is always served immediately: infrequent clients, such as neighbours and kubelet, never wait for
 * frequent ones.
 */
export class RateLimiter {
  readonly #options: RateLimit;
  /** Clients served in the current second. */
  readonly #recent = new Set<string>();
  #recentSince = 0;
  /** Served in the current window. */
  #count = 0;
  #windowSince = 0;
  /** By client, which take turns in this order; of each, the newest last. */
  readonly #waiting = new Map<string, Waiting[]>();
  /** Runs while somebody waits. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RateLimit) {
    this.#options = options;
  }

  /** Calls `serve` now or later, unless the client has disconnected by then. */
  admit(waiting: Waiting): void {
    if (waiting.isGone()) return;
    const { client } = waiting;
    const own = this.#waiting.get(client);
    const now = performance.now();
    if (own !== undefined) this.#wait(waiting, own);
    else if (this.#mayServe(client, now)) this.#serve(waiting);
    else this.#waiting.set(client, [waiting]);
    if (this.#waiting.size > 0) this.#awaitNextWindow(now);
  }

  #wait(waiting: Waiting, own: Waiting[]): void {
    own.push(waiting);
    if (own.length <= MAX_WAITING) return;
    const live = own.filter((each) => !each.isGone());
    this.#waiting.set(waiting.client, live);
  }

  #mayServe(client: string, now: number): boolean {
    if (now - this.#recentSince >= IDLE_MS) {
      this.#recent.clear();
      this.#recentSince = now;
    }
    const isWaiting = this.#waiting.size > 0;
    if (!isWaiting && now - this.#windowSince >= this.#options.window) this.#startWindow(now);
    const isFree = !isWaiting && this.#count < this.#options.budget;
    return isFree || !this.#recent.has(client);
  }

  #serve(waiting: Waiting): void {
    this.#count += 1;
    this.#recent.add(waiting.client);
    waiting.serve();
  }

  #startWindow(now: number): void {
    this.#windowSince = now;
    this.#count = 0;
  }

  #awaitNextWindow(now: number): void {
    const left = Math.max(0, this.#windowSince + this.#options.window - now);
    this.#timer ??= setTimeout(() => this.#serveWaiting(), left).unref();
  }

  #serveWaiting(): void {
    this.#timer = undefined;
    const now = performance.now();
    this.#startWindow(now);
    for (const [client, own] of this.#waiting) {
      if (this.#count >= this.#options.budget) break;
      // A client that still waits comes last from now on, and this loop reaches it again.
      this.#waiting.delete(client);
      const waiting = takeNewest(own);
      if (own.length > 0) this.#waiting.set(client, own);
      if (waiting !== undefined) this.#serve(waiting);
    }
    if (this.#waiting.size > 0) this.#awaitNextWindow(now);
  }
}

function takeNewest(own: Waiting[]): Waiting | undefined {
  let newest = own.pop();
  while (newest?.isGone()) newest = own.pop();
  return newest;
}
