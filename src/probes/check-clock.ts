import type { Socket } from 'node:net';
import { descriptor, loadSocketOptions } from '../socket-options.ts';

/** Of `poll()`: there is something to read, or a connection is made. An error is reported as either. */
const POLLIN = 0x1;
const POLLOUT = 0x4;

/** Words of 32 bits of a `struct pollfd`, whose second one has what is asked for, and above that, in 16 bits, what is there. */
const POLLFD_WORDS = 2;
const REVENTS_SHIFT = 16;

/** Clocks that are looked at, the latest ones: the others are of checks that hang. */
const MAX_CLOCKS = 16;

/** Whether what each of these clocks' checks waits for is there, by `poll()`. */
type Poll = (clocks: readonly CheckClock[]) => readonly boolean[];

/**
 * The clock of one check. It stands still while what the check waits for is there, but the program serves its clients: that time is
 * not the network's, and any client could make it long.
 */
export class CheckClock {
  readonly #end: () => void;
  #stoodStill = 0;
  /** The latest time that it has shown: it never goes back. */
  #shown = 0;
  /** For how long what is waited for now has been there, in milliseconds, unless it turns out to be something else. */
  #late = 0;
  #socket: Socket | undefined;
  #events = 0;
  /** Whether it was there at the last look, and how many bytes had been read then. */
  #isThere = false;
  #bytesRead = 0;
  #lookedAt = 0;

  /** `end`: called when the check has ended. */
  constructor(end = () => {}) {
    this.#end = end;
  }

  /** In milliseconds; comparable with other times of this clock only. */
  now(): number {
    this.#shown = Math.max(this.#shown, performance.now() - this.#stoodStill - this.#late);
    return this.#shown;
  }

  /** The check waits for this connection. */
  connecting(socket: Socket): void {
    this.#waitFor(socket, POLLOUT);
  }

  /** The connection is made, or a kept one is to be used: the check waits for what it brings. */
  reading(socket: Socket): void {
    this.arrivedAt();
    this.received();
    this.#waitFor(socket, POLLIN);
  }

  /** By this clock, when that came which the event loop has just brought. */
  arrivedAt(): number {
    if (this.#isThere) this.#late += performance.now() - this.#lookedAt;
    this.#isThere = false;
    return this.now();
  }

  /** It was what the check waits for. */
  received(): void {
    this.#stoodStill += this.#late;
    this.receivedOther();
  }

  /** It was something else, or not all of it: what is still waited for was not late. */
  receivedOther(): void {
    this.#late = 0;
    this.#isThere = false;
  }

  /** A descriptor and what is waited for, as `poll()` takes them; a negative one is passed over. */
  get polled(): readonly [number, number] {
    return [(this.#socket && descriptor(this.#socket)) ?? -1, this.#events];
  }

  /** Whether what it waits for is there now. `now`: of `performance.now()`. */
  look(isThere: boolean, now: number): void {
    const bytesRead = this.#socket?.bytesRead ?? 0;
    if (this.#isThere && bytesRead === this.#bytesRead) this.#late += now - this.#lookedAt;
    this.#isThere = isThere;
    this.#bytesRead = bytesRead;
    this.#lookedAt = now;
  }

  [Symbol.dispose](): void {
    this.#end();
  }

  #waitFor(socket: Socket, events: number): void {
    this.receivedOther();
    this.#socket = socket;
    this.#events = events;
  }
}

/** The clocks of the checks that run. */
export class CheckClocks {
  readonly #poll: Poll;
  readonly #running: CheckClock[] = [];
  #isServing = false;

  constructor(poll: Poll) {
    this.#poll = poll;
  }

  /** The clock of a check that begins, to be disposed of at its end. */
  start(): CheckClock {
    const clock = new CheckClock(() => this.#running.splice(this.#running.indexOf(clock), 1));
    this.#running.push(clock);
    return clock;
  }

  /** Does some work for a client of the server. */
  whileServing(work: () => void): void {
    if (this.#isServing) return void work();
    this.#look();
    this.#isServing = true;
    try {
      work();
    } finally {
      this.#isServing = false;
      this.#look();
    }
  }

  #look(): void {
    if (this.#running.length === 0) return;
    const clocks = this.#running.slice(-MAX_CLOCKS);
    const areThere = this.#poll(clocks);
    const now = performance.now();
    for (const [i, clock] of clocks.entries()) clock.look(areThere[i] === true, now);
  }
}

/** Rejects, saying why, where `poll()` cannot be called: see `loadSocketOptions()`. */
export async function createCheckClocks(): Promise<CheckClocks> {
  const { poll, getRawPointer } = await loadSocketOptions();
  const words = new Int32Array(MAX_CLOCKS * POLLFD_WORDS);
  const address = getRawPointer(words.buffer);
  return new CheckClocks((clocks) => {
    for (const [i, { polled }] of clocks.entries()) words.set(polled, i * POLLFD_WORDS);
    poll(address, BigInt(clocks.length), 0);
    return clocks.map((_, i) => (words[i * POLLFD_WORDS + 1] ?? 0) >> REVENTS_SHIFT !== 0);
  });
}
