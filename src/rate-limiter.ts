/** A number of requests per window. */
export type RateLimit = Readonly<{
  /** Milliseconds. */
  window: number;
  /** How many requests are served per window. */
  budget: number;
  /** How many requests of a client that was idle are served immediately. */
  burst: number;
}>;

type Waiting = Readonly<{
  client: string;
  isGone: () => boolean;
  serve: () => void;
  /** Whether to serve it takes several times as long as usual. */
  isLarge?: boolean;
}>;

/**
 * A client that has not come for this long, in milliseconds, was idle: a neighbour that checks every second as well. When it
 * was served does not count: one that had to wait once would then have to wait each time.
 */
const IDLE_MS = 700;

/**
 * Nobody waits while so much of the pace is used at most: neighbours may share an address (that of a service mesh's proxy, say), and rounds have
 * a fixed place in the interval, so that one that waited for another, or for the checks of this pod, would do so each time and seem slow.
 */
const MODERATE = 0.1;

/** The time over which it is averaged how much of the pace is used, in milliseconds. */
const LOAD_MS = 1_000;

/** As many others a large request counts for. */
const LARGE = 4;

/** Where more requests of one client wait, some may have gone: it has at most 50 connections over each port. */
const MAX_WAITING = 200;

/**
 * Serves requests immediately at a moderate rate, and delays the excess, so that clients in a loop do not take the CPU.
 * Waiting clients take turns, so that nobody waits for all requests of another. The newest request of a client is served
 * first: in the order of arrival, a client with more requests than turns would get responses only to those it has given up.
 * A client that was idle is served immediately: infrequent clients, such as neighbours and kubelet, never wait for frequent ones. If it sends a
 * large request, as a neighbour does where packets are jumbo frames, it waits only for others that do, the newest first.
 */
export class RateLimiter {
  readonly #options: RateLimit;
  readonly #isBusy: () => boolean;
  /** When clients last came that are not idle, and how often since they were; the one that came longest ago first. */
  readonly #recent = new Map<string, Readonly<{ at: number; count: number }>>();
  /** Served in the current window. */
  #count = 0;
  #windowSince = 0;
  /** Requests in the last second, older ones counting less, and when the last came. */
  #load = 0;
  #loadAt = 0;
  /** By client, which take turns in this order; of each, the newest last. */
  readonly #waiting = new Map<string, Waiting[]>();
  /** Large ones of clients that were idle; the newest last. */
  readonly #large: Waiting[] = [];
  /** Runs while somebody waits. */
  #timer: NodeJS.Timeout | undefined;

  /** `isBusy`: whether who waits, waits on. */
  constructor(options: RateLimit, isBusy: () => boolean = () => false) {
    this.#options = options;
    this.#isBusy = isBusy;
  }

  /** Calls `serve` now or later, unless the client has disconnected by then. */
  admit(waiting: Waiting): void {
    if (waiting.isGone()) return;
    const { client } = waiting;
    const own = this.#waiting.get(client);
    const now = performance.now();
    this.#load = this.#load * Math.exp((this.#loadAt - now) / LOAD_MS);
    this.#load += waiting.isLarge ? LARGE : 1;
    this.#loadAt = now;
    const isFrequent = this.#countOf(client, now) > this.#options.burst;
    if (own !== undefined) this.#wait(waiting, own);
    else if (this.#isFree(now)) this.#serve(waiting);
    else if (isFrequent) this.#waiting.set(client, [waiting]);
    else if (waiting.isLarge) this.#large.push(waiting);
    else this.#serve(waiting);
    this.#awaitNextWindow(now);
  }

  #wait(waiting: Waiting, own: Waiting[]): void {
    own.push(waiting);
    if (own.length <= MAX_WAITING) return;
    const live = own.filter((each) => !each.isGone());
    this.#waiting.set(waiting.client, live);
  }

  #isFree(now: number): boolean {
    if (this.#isModerate()) return true;
    if (this.#waiting.size > 0 || this.#isBusy()) return false;
    if (now - this.#windowSince >= this.#options.window) this.#startWindow(now);
    return this.#count < this.#options.budget;
  }

  #isModerate(): boolean {
    const { window, budget } = this.#options;
    return this.#load <= ((MODERATE * budget) / window) * LOAD_MS;
  }

  /** How often a client that comes now has come since it was idle. Forgets those that have become so. */
  #countOf(client: string, now: number): number {
    for (const [each, { at }] of this.#recent) {
      if (now - at < IDLE_MS) break;
      this.#recent.delete(each);
    }
    const count = (this.#recent.get(client)?.count ?? 0) + 1;
    this.#recent.delete(client);
    this.#recent.set(client, { at: now, count });
    return count;
  }

  #serve(waiting: Waiting): void {
    this.#count += 1;
    waiting.serve();
  }

  #startWindow(now: number): void {
    this.#windowSince = now;
    this.#count = 0;
  }

  #awaitNextWindow(now: number): void {
    if (this.#waiting.size === 0 && this.#large.length === 0) return;
    const left = Math.max(0, this.#windowSince + this.#options.window - now);
    this.#timer ??= setTimeout(() => this.#serveWaiting(), left).unref();
  }

  #serveWaiting(): void {
    this.#timer = undefined;
    const now = performance.now();
    this.#startWindow(now);
    for (const large of this.#large.splice(-this.#options.budget)) {
      if (!large.isGone()) this.#serve(large);
    }
    for (const [client, own] of this.#waiting) {
      if (this.#count >= this.#options.budget || this.#isBusy()) break;
      // A client that still waits comes last from now on, and this loop reaches it again.
      this.#waiting.delete(client);
      const waiting = takeNewest(own);
      if (own.length > 0) this.#waiting.set(client, own);
      if (waiting !== undefined) this.#serve(waiting);
    }
    this.#awaitNextWindow(now);
  }
}

function takeNewest(own: Waiting[]): Waiting | undefined {
  let newest = own.pop();
  while (newest?.isGone()) newest = own.pop();
  return newest;
}
