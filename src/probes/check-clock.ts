import type { Socket } from 'node:net';
import { descriptor, loadSocketOptions } from '../socket-options.ts';
import { createTcpInfoReader } from './tcp-info.ts';

/** Of `poll()`: there is something to read, or a connection is made. An error is reported as either. */
const POLLIN = 0x1;
const POLLOUT = 0x4;

/** Words of 32 bits of a `struct pollfd`, whose second one has what is asked for, and above that, in 16 bits, what is there. */
const POLLFD_WORDS = 2;
const REVENTS_SHIFT = 16;

/** Clocks that are looked at, the latest ones: the others are of checks that hang. */
const MAX_CLOCKS = 16;

/** What the kernel knows of the connections that checks wait for. */
type Kernel = Readonly<{
  /** Whether what each of these clocks' checks waits for is there. */
  poll: (clocks: readonly CheckClock[]) => readonly boolean[];
  /** How many bytes have come over a connection, whether they have been read or not. */
  bytesReceived: (socket: Socket) => number;
}>;

/**
 * The clock of one check. It stands still while what the check waits for is there, but the program serves its clients: that time is
 * not the network's, and any client could make it long.
 */
export class CheckClock {
  readonly #bytesReceived: Kernel['bytesReceived'];
  readonly #end: () => void;
  #stoodStill = 0;
  /** The latest time that it has shown: it never goes back. */
  #shown = 0;
  #socket: Socket | undefined;
  #events = 0;
  /** Since when all is there that is now, by `performance.now()`, and how many bytes had come by then. */
  #thereSince: number | undefined;
  #received = 0;

  /** `end`: called when the check has ended. */
  constructor(bytesReceived: Kernel['bytesReceived'] = () => 0, end = () => {}) {
    this.#bytesReceived = bytesReceived;
    this.#end = end;
  }

  /** In milliseconds; comparable with other times of this clock only. */
  now(): number {
    return this.#at(performance.now());
  }

  /** The check waits for this connection. */
  connecting(socket: Socket): void {
    this.#waitFor(socket, POLLOUT);
  }

  /** The connection is made, or a kept one is to be used: the check waits for what it brings. `socket`: that of TCP, under TLS as well. */
  reading(socket: Socket): void {
    this.received();
    this.#waitFor(socket, POLLIN);
  }

  /** By this clock, when that came which the event loop has just brought. */
  arrivedAt(): number {
    return this.#at(this.#cameAt(performance.now()));
  }

  /** It was what the check waits for. */
  received(): void {
    const now = performance.now();
    this.#stoodStill += now - this.#cameAt(now);
    this.#thereSince = undefined;
  }

  /** A descriptor and what is waited for, as `poll()` takes them; a negative one is passed over. */
  get polled(): readonly [number, number] {
    return [(this.#socket && descriptor(this.#socket)) ?? -1, this.#events];
  }

  /** Whether something of what it waits for is there now. `now`: of `performance.now()`. */
  look(isThere: boolean, now: number): void {
    const received = isThere && this.#socket ? this.#bytesReceived(this.#socket) : 0;
    if (!isThere) this.#thereSince = undefined;
    else if (this.#thereSince === undefined || received !== this.#received) this.#thereSince = now;
    this.#received = received;
  }

  [Symbol.dispose](): void {
    this.#end();
  }

  /** When what has just been read came: now, unless all of it was there at the last look. */
  #cameAt(now: number): number {
    const wasThere = (this.#socket?.bytesRead ?? 0) <= this.#received;
    return (wasThere ? this.#thereSince : undefined) ?? now;
  }

  #at(time: number): number {
    this.#shown = Math.max(this.#shown, time - this.#stoodStill);
    return this.#shown;
  }

  #waitFor(socket: Socket, events: number): void {
    this.#thereSince = undefined;
    this.#socket = socket;
    this.#events = events;
  }
}

/** The clocks of the checks that run. */
export class CheckClocks {
  readonly #kernel: Kernel;
  readonly #running: CheckClock[] = [];
  #isServing = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** The clock of a check that begins, to be disposed of at its end. */
  start(): CheckClock {
    const clock = new CheckClock(this.#kernel.bytesReceived, () =>
      this.#running.splice(this.#running.indexOf(clock), 1),
    );
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
    const areThere = this.#kernel.poll(clocks);
    const now = performance.now();
    for (const [i, clock] of clocks.entries()) clock.look(areThere[i] === true, now);
  }
}

/** Rejects, saying why, where `poll()` or TCP_INFO cannot be read: see `createTcpInfoReader()`. */
export async function createCheckClocks(): Promise<CheckClocks> {
  const readTcpInfo = await createTcpInfoReader();
  const { poll, getRawPointer } = await loadSocketOptions();
  const words = new Int32Array(MAX_CLOCKS * POLLFD_WORDS);
  const address = getRawPointer(words.buffer);
  return new CheckClocks({
    poll: (clocks) => {
      for (const [i, { polled }] of clocks.entries()) words.set(polled, i * POLLFD_WORDS);
      poll(address, BigInt(clocks.length), 0);
      return clocks.map((_, i) => (words[i * POLLFD_WORDS + 1] ?? 0) >> REVENTS_SHIFT !== 0);
    },
    bytesReceived: (socket) => readTcpInfo(socket)?.bytesReceived ?? 0,
  });
}
