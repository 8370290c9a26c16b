/** A number of requests per window. */
export type RateLimit = Readonly<{
  /** Milliseconds. */
  window: number;
  /** How many requests are served per window. */
  budget: number;
  /** How many requests of a client in `PERIOD_MS` do not make it a frequent one. */
  burst: number;
}>;

/** What a rate limiter needs to know about the program. */
export type Serving = Readonly<{
  /** Whether waiting clients must keep waiting. */
  isBusy: () => boolean;
  /** Whether a client with this address need not wait for others, unless it is frequent. */
  isKnown: (client: string) => boolean;
  /** Runs some work for a client, synchronously: all such work goes through this. */
  whileServing: (work: () => void) => void;
}>;

/** For a program that does nothing but serve. */
export const ONLY_SERVING: Serving = {
  isBusy: () => false,
  isKnown: () => false,
  whileServing: (work) => work(),
};

type Waiting = Readonly<{
  client: string;
  isGone: () => boolean;
  serve: () => void;
  /** Whether serving it takes several times as long as usual. */
  isLarge?: boolean;
}>;

/**
 * A client is frequent while it sends more than `burst` requests in this many milliseconds. A
 * neighbour that checks every second is not. The time of arrival counts, not that of serving:
 * otherwise a client that had to wait once would have to wait each time.
 */
const PERIOD_MS = 700;

/**
 * Nobody waits while at most this share of the pace is used. Neighbours may share an address (that
 * of a service mesh's proxy, say), and rounds have a fixed place in the interval, so a neighbour
 * that waited for another, or for the checks of this pod, would do so each time and seem slow.
 */
const MODERATE = 0.1;

/**
 * At a moderate rate, at most this many times the budget is served per window: 25 pages at the same
 * moment take 100 ms of the event loop (measured).
 */
const MODERATE_AT_ONCE = 4;

/** The time over which the used share of the pace is averaged, in milliseconds. */
const LOAD_MS = 1_000;

/** How many requests a large one counts as. */
const LARGE = 4;

/**
 * The additional budget of infrequent clients per window, as a multiple of the budget, while checks
 * run and otherwise: there may be a hundred such clients at the same moment.
 */
const INFREQUENT_WHILE_BUSY = 2;
const INFREQUENT = 8;

/**
 * Beyond this many waiting requests of one client, those that are gone are dropped: a client has at
 * most 50 connections per port.
 */
const MAX_WAITING = 200;

/**
 * Serves requests immediately at a moderate rate, and delays the excess, so that clients in a loop
 * cannot take up the CPU. Waiting clients take turns, so that nobody waits for all requests of
 * another. The newest request of a client is served first: in the order of arrival, a client with
 * more requests than turns would get responses only to those it has given up. Infrequent clients,
 * such as kubelet, never wait for frequent ones: they are served immediately, or one after another
 * if there are very many. A known one, such as a neighbour, does not wait for the others either.
 */
export class RateLimiter {
  readonly whileServing: Serving['whileServing'];
  readonly #options: RateLimit;
  readonly #isBusy: Serving['isBusy'];
  readonly #isKnown: Serving['isKnown'];
  /**
   * Until when each client has used up its share, by `performance.now()`: `PERIOD_MS / burst` for
   * each request. The client that came longest ago comes first.
   */
  readonly #usedUntil = new Map<string, number>();
  /** Requests served in the current window. */
  #count = 0;
  #windowSince = 0;
  /** Requests in the last second, older ones counting less, and when the last one came. */
  #load = 0;
  #loadAt = 0;
  /** Waiting requests by client; clients take turns in this order. A client's newest comes last. */
  readonly #waiting = new Map<string, Waiting[]>();
  /** Waiting requests of infrequent clients; the newest last. */
  readonly #infrequent: Waiting[] = [];
  /** How many of these were served in the current window; a large one counts as `LARGE`. */
  #infrequentCount = 0;
  /** Runs while any request waits. */
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
    const now = performance.now();
    this.#load = this.#load * Math.exp((this.#loadAt - now) / LOAD_MS);
    this.#load += sizeOf(waiting);
    this.#loadAt = now;
    const isFrequent = this.#isFrequent(client, now);
    if (now - this.#windowSince >= this.#options.window) this.#startWindow(now);
    if (!isFrequent && this.#isKnown(client)) this.#serve(waiting);
    else if (!this.#waiting.has(client) && this.#isFree()) this.#serve(waiting);
    else if (isFrequent) this.#wait(waiting);
    else {
      this.#infrequent.push(waiting);
      this.#serveInfrequent();
    }
    this.#awaitNextWindow(now);
  }

  #wait(waiting: Waiting): void {
    const own = this.#waiting.get(waiting.client) ?? [];
    own.push(waiting);
    const live = own.length > MAX_WAITING ? own.filter((each) => !each.isGone()) : own;
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

  /** Whether the request that has just come makes, or keeps, its client a frequent one. */
  #isFrequent(client: string, now: number): boolean {
    for (const [each, until] of this.#usedUntil) {
      if (until > now) break;
      this.#usedUntil.delete(each);
    }
    const share = PERIOD_MS / this.#options.burst;
    const allowed = PERIOD_MS - share;
    const used = Math.max(0, (this.#usedUntil.get(client) ?? now) - now);
    this.#usedUntil.delete(client);
    this.#usedUntil.set(client, now + Math.min(used + share, PERIOD_MS));
    return used > allowed;
  }

  #serve(waiting: Waiting): void {
    this.#count += 1;
    this.whileServing(() => waiting.serve());
  }

  #serveInfrequent(): void {
    const budget = this.#options.budget * (this.#isBusy() ? INFREQUENT_WHILE_BUSY : INFREQUENT);
    while (this.#infrequentCount < budget) {
      const newest = takeNewest(this.#infrequent);
      if (newest === undefined) return;
      this.#infrequentCount += sizeOf(newest);
      this.whileServing(() => newest.serve());
    }
  }

  #startWindow(now: number): void {
    this.#windowSince = now;
    this.#count = 0;
    this.#infrequentCount = 0;
  }

  #awaitNextWindow(now: number): void {
    if (this.#waiting.size === 0 && this.#infrequent.length === 0) return;
    const left = Math.max(0, this.#windowSince + this.#options.window - now);
    this.#timer ??= setTimeout(() => this.#serveWaiting(), left).unref();
  }

  #serveWaiting(): void {
    this.#timer = undefined;
    const now = performance.now();
    this.#startWindow(now);
    this.#serveInfrequent();
    for (const [client, own] of this.#waiting) {
      if (this.#count >= this.#options.budget || this.#isBusy()) break;
      // A client that still waits moves to the end, where this loop reaches it again.
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
