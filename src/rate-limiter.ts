/** A number of requests per window. */
export type RateLimit = Readonly<{
  /** Milliseconds. */
  window: number;
  /** How many requests are served per window. */
  budget: number;
  /** How many requests of a client that was idle do not wait for the turns of others. */
  burst: number;
}>;

/** What a rate limiter is told of the program. */
export type Serving = Readonly<{
  /** Whether who waits, waits on. */
  isBusy: () => boolean;
  /** Whether a client with this address does not wait for others, unless it is frequent. */
  isKnown: (client: string) => boolean;
  /** Does some work for a client, and then returns: all such work goes through this. */
  whileServing: (work: () => void) => void;
}>;

/** Of a program that does nothing else. */
export const ONLY_SERVING: Serving = {
  isBusy: () => false,
  isKnown: () => false,
  whileServing: (work) => work(),
};

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

/** But no more than so many times the budget in a window: 25 pages at the same moment take 100 ms of the event loop (measured). */
const MODERATE_AT_ONCE = 4;

/** The time over which it is averaged how much of the pace is used, in milliseconds. */
const LOAD_MS = 1_000;

/** As many others a large request counts for. */
const LARGE = 4;

/** How many times the budget idle clients have in addition per window, while checks run and otherwise: there may be a hundred at the same moment. */
const IDLE_WHILE_BUSY = 2;
const IDLE = 8;

/** Where more requests of one client wait, some may have gone: it has at most 50 connections over each port. */
const MAX_WAITING = 200;

/**
 * Serves requests immediately at a moderate rate, and delays the excess, so that clients in a loop do not take the CPU.
 * Waiting clients take turns, so that nobody waits for all requests of another. The newest request of a client is served
 * first: in the order of arrival, a client with more requests than turns would get responses only to those it has given up.
 * A client that was idle is served immediately, or before others, unless very many are: infrequent clients, such as kubelet, never
 * wait for frequent ones. A known one, such as a neighbour, does not wait for other idle ones either.
 */
export class RateLimiter {
  readonly whileServing: Serving['whileServing'];
  readonly #options: RateLimit;
  readonly #isBusy: Serving['isBusy'];
  readonly #isKnown: Serving['isKnown'];
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
  /** Of clients that were idle; the newest last. */
  readonly #idle: Waiting[] = [];
  /** What was served of these in the current window. */
  #idleCount = 0;
  /** Runs while somebody waits. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RateLimit, { isBusy, isKnown, whileServing } = ONLY_SERVING) {
    this.#options = options;
    this.#isBusy = isBusy;
    this.#isKnown = isKnown;
    this.whileServing = whileServing;
  }

  /** Calls `serve` now or later, unless the client has disconnected by then. */
  admit(waiting: Waiting): void {
    if (waiting.isGone()) return;
    const { client } = waiting;
    const own = this.#waiting.get(client);
    const now = performance.now();
    this.#load = this.#load * Math.exp((this.#loadAt - now) / LOAD_MS);
    this.#load += sizeOf(waiting);
    this.#loadAt = now;
    const isFrequent = this.#countOf(client, now) > this.#options.burst;
    if (now - this.#windowSince >= this.#options.window) this.#startWindow(now);
    if (own !== undefined) this.#wait(waiting, own);
    else if (this.#isFree() || (!isFrequent && this.#isKnown(client))) this.#serve(waiting);
    else if (isFrequent) this.#waiting.set(client, [waiting]);
    else {
      this.#idle.push(waiting);
      this.#serveIdle();
    }
    this.#awaitNextWindow(now);
  }

  #wait(waiting: Waiting, own: Waiting[]): void {
    own.push(waiting);
    if (own.length <= MAX_WAITING) return;
    const live = own.filter((each) => !each.isGone());
    this.#waiting.set(waiting.client, live);
  }

  #isFree(): boolean {
    const { budget } = this.#options;
    if (this.#isModerate()) return this.#count < MODERATE_AT_ONCE * budget;
    if (this.#waiting.size > 0 || this.#isBusy()) return false;
    return this.#count < budget;
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
    this.whileServing(() => waiting.serve());
  }

  #serveIdle(): void {
    const budget = this.#options.budget * (this.#isBusy() ? IDLE_WHILE_BUSY : IDLE);
    while (this.#idleCount < budget) {
      const newest = takeNewest(this.#idle);
      if (newest === undefined) return;
      this.#idleCount += sizeOf(newest);
      this.whileServing(() => newest.serve());
    }
  }

  #startWindow(now: number): void {
    this.#windowSince = now;
    this.#count = 0;
    this.#idleCount = 0;
  }

  #awaitNextWindow(now: number): void {
    if (this.#waiting.size === 0 && this.#idle.length === 0) return;
    const left = Math.max(0, this.#windowSince + this.#options.window - now);
    this.#timer ??= setTimeout(() => this.#serveWaiting(), left).unref();
  }

  #serveWaiting(): void {
    this.#timer = undefined;
    const now = performance.now();
    this.#startWindow(now);
    this.#serveIdle();
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

function sizeOf({ isLarge = false }: Waiting): number {
  return isLarge ? LARGE : 1;
}

function takeNewest(own: Waiting[]): Waiting | undefined {
  let newest = own.pop();
  while (newest?.isGone()) newest = own.pop();
  return newest;
}
