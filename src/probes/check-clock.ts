import { Socket as UdpSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import { descriptor, loadSocketOptions } from '../socket-options.ts';
import { createTcpInfoReader, type ReadTcpInfo } from './tcp-info.ts';

/**
 * Events of `poll()`: there is something to read, or a connection is made. Errors are reported as
 * either.
 */
const POLLIN = 0x1;
const POLLOUT = 0x4;

/**
 * 32-bit words in a `struct pollfd`. The second has the requested events and, in its upper 16 bits,
 * the returned ones.
 */
const POLLFD_WORDS = 2;
const REVENTS_SHIFT = 16;

/**
 * How many clocks are polled, the newest ones: enough for the usual checks of a round, UDP checks
 * included. The others mostly belong to checks that hang.
 */
const MAX_CLOCKS = 32;

/** A socket that brings what a check waits for. */
type Awaited = Socket | UdpSocket;

/** What the kernel knows about the sockets that checks wait for. */
type Kernel = Readonly<{
  /** For each clock, whether what its check waits for is ready. */
  poll: (clocks: readonly CheckClock[]) => readonly boolean[];
  /** How many bytes a connection has received, read or not; 0 over UDP. */
  bytesReceived: (socket: Awaited) => number;
}>;

/**
 * The clock of one check. It stops while what the check waits for is ready but the program is
 * serving its clients: that time is not the network's, and any client could make it long.
 */
export class CheckClock {
  readonly #clocks: CheckClocks | undefined;
  #stoodStill = 0;
  /** The latest time returned: the clock never goes back. */
  #shown = 0;
  #socket: Awaited | undefined;
  #events = 0;
  /**
   * Since when everything that is ready now has been, by `performance.now()`, and how many bytes
   * had been received by then.
   */
  #thereSince: number | undefined;
  #received = 0;
  /** When what it last waited for arrived, by `performance.now()`; undefined while it waits. */
  #cameAt: number | undefined;

  /**
   * For a check that begins; dispose of it when the check ends. `clocks`: those that it joins;
   * without them, it never stops.
   */
  constructor(clocks?: CheckClocks) {
    this.#clocks = clocks;
    clocks?.begin(this);
  }

  /** The time in milliseconds, comparable only with other times of this clock. */
  now(): number {
    return this.#at(performance.now());
  }

  /** The check waits for this connection. */
  connecting(socket: Socket): void {
    this.#waitFor(socket, POLLOUT);
  }

  /** A connection is made: the check now waits for what it brings. */
  connected(socket: Socket): void {
    if (socket === this.#socket) this.received();
    this.reading(socket);
  }

  /** The check waits for what this socket brings: with TLS, the TCP socket underneath. */
  reading(socket: Awaited): void {
    this.#waitFor(socket, POLLIN);
  }

  /** When the data that the event loop has just delivered arrived, by this clock. */
  arrivedAt(): number {
    return this.#at(this.#arrival(performance.now()));
  }

  /** What the check waits for has arrived. */
  received(): void {
    const late = this.lateness();
    this.#cameAt = performance.now() - late;
    this.#stoodStill += late;
  }

  /**
   * How long the data was ready before it was delivered, in milliseconds; unknown, and so 0, if it
   * arrived after the last look.
   */
  lateness(): number {
    const now = performance.now();
    const late = now - this.#arrival(now);
    this.#thereSince = undefined;
    return late;
  }

  /**
   * A clock for one of several things that the check waits for at once. Dispose of it when that
   * ends: see `join()`.
   */
  branch(): CheckClock {
    return new CheckClock(this.#clocks);
  }

  /** The branches have ended: this clock stopped when the last of what they waited for arrived. */
  join(branches: readonly CheckClock[]): void {
    const now = performance.now();
    this.#stoodStill += now - Math.max(...branches.map((each) => each.#cameAt ?? now));
  }

  /** The descriptor and the awaited events for `poll()`, which ignores a negative descriptor. */
  get polled(): readonly [number, number] {
    return [(this.#socket && descriptor(this.#socket)) ?? -1, this.#events];
  }

  /** Records whether something that it waits for is ready now. `now`: by `performance.now()`. */
  look(isThere: boolean, now: number): void {
    const received = (isThere && this.#socket && this.#clocks?.bytesReceived(this.#socket)) || 0;
    if (!isThere) this.#thereSince = undefined;
    else if (this.#thereSince === undefined || received !== this.#received) this.#thereSince = now;
    this.#received = received;
  }

  [Symbol.dispose](): void {
    this.#clocks?.end(this);
  }

  /** When what has just been read arrived: now, unless all of it was there at the last look. */
  #arrival(now: number): number {
    const bytesRead = this.#socket && 'bytesRead' in this.#socket ? this.#socket.bytesRead : 0;
    return (bytesRead <= this.#received ? this.#thereSince : undefined) ?? now;
  }

  #at(time: number): number {
    this.#shown = Math.max(this.#shown, time - this.#stoodStill);
    return this.#shown;
  }

  #waitFor(socket: Awaited, events: number): void {
    this.#thereSince = undefined;
    this.#cameAt = undefined;
    this.#socket = socket;
    this.#events = events;
  }
}

/** The clocks of the running checks. */
export class CheckClocks {
  readonly bytesReceived: Kernel['bytesReceived'];
  readonly #poll: Kernel['poll'];
  readonly #running: CheckClock[] = [];
  #isServing = false;

  constructor({ poll, bytesReceived }: Kernel) {
    this.#poll = poll;
    this.bytesReceived = bytesReceived;
  }

  /** The check of this clock begins, or ends. */
  begin(clock: CheckClock): void {
    this.#running.push(clock);
  }

  end(clock: CheckClock): void {
    this.#running.splice(this.#running.indexOf(clock), 1);
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

/**
 * Rejects with the reason if `poll()` or TCP_INFO is not available: see `createTcpInfoReader()`.
 * `reader`: an existing one.
 */
export async function createCheckClocks(reader?: ReadTcpInfo): Promise<CheckClocks> {
  const readTcpInfo = reader ?? (await createTcpInfoReader());
  const { poll, getRawPointer } = await loadSocketOptions();
  const words = new Int32Array(MAX_CLOCKS * POLLFD_WORDS);
  const address = getRawPointer(words.buffer);
  return new CheckClocks({
    poll: (clocks) => {
      for (const [i, { polled }] of clocks.entries()) words.set(polled, i * POLLFD_WORDS);
      poll(address, BigInt(clocks.length), 0);
      return clocks.map((_, i) => (words[i * POLLFD_WORDS + 1] ?? 0) >> REVENTS_SHIFT !== 0);
    },
    bytesReceived: (socket) =>
      (!(socket instanceof UdpSocket) && readTcpInfo(socket)?.bytesReceived) || 0,
  });
}
