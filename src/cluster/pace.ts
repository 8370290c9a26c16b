import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves in a turn of the event loop that has time for work of this many milliseconds. */
export type Turn = (milliseconds: number) => Promise<unknown>;

/**
 * Milliseconds from the start of one request to the next, or fewer, so that the last one starts
 * within `MAX_SPREAD_MS`: half of a processor is left to the checks, and late starts are caught up.
 */
const START_INTERVAL_MS = 2;
const MAX_SPREAD_MS = 8_000;

/**
 * Maximum requests that have waited for a response for less than `QUICK_MS`: more responses at once
 * would only wait for each other.
 */
const MAX_QUICK = 8;
const QUICK_MS = 20;

/**
 * The time that a request and its response take, in milliseconds: a check that is due meanwhile
 * would wait for them.
 */
export const REQUEST_MS = 10;

/**
 * Decides when each request starts: evenly, few at once while responses come quickly, and not right
 * before checks.
 */
export class Pace {
  readonly #interval: number;
  readonly #turn: Turn;
  readonly #begin = performance.now();
  readonly #quick: Promise<unknown>[] = [];
  #count = 0;
  #starts: Promise<unknown> = Promise.resolve();

  constructor(requests: number, turn: Turn) {
    this.#interval = Math.min(START_INTERVAL_MS, MAX_SPREAD_MS / requests);
    this.#turn = turn;
  }

  /** Runs the request when its time has come. Resolves when it has ended. */
  async run(request: () => Promise<void>): Promise<void> {
    const index = this.#count++;
    this.#starts = this.#starts.then(() => this.#timeOf(index));
    await this.#starts;
    const running = request();
    this.#quick[index % MAX_QUICK] = Promise.race([running, sleep(QUICK_MS)]);
    await running;
  }

  async #timeOf(index: number): Promise<void> {
    await this.#quick[index % MAX_QUICK];
    const early = this.#begin + index * this.#interval - performance.now();
    if (early > 0) await sleep(early);
    await this.#turn(REQUEST_MS);
  }
}
