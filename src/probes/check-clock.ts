import { Socket as UdpSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import { descriptor, loadSocketOptions } from '../socket-options.ts';
import { createTcpInfoReader, type ReadTcpInfo } from './tcp-info.ts';

/** Of `poll()`: there is something to read, or a connection is made. An error is reported as either. */
const POLLIN = 0x1;
const POLLOUT = 0x4;

/** Words of 32 bits of a `struct pollfd`, whose second one has what is asked for, and above that, in 16 bits, what is there. */
const POLLFD_WORDS = 2;
const REVENTS_SHIFT = 16;

/** Clocks that are looked at, the latest ones: with UDP checks, those of all of a round's. The others are of checks that hang. */
const MAX_CLOCKS = 32;

/** Brings what a check waits for. */
type Awaited = Socket | UdpSocket;

/** What the kernel knows of the sockets that checks wait for. */
type Kernel = Readonly<{
  /** Whether what each of these clocks' checks waits for is there. */
  poll: (clocks: readonly CheckClock[]) => readonly boolean[];
  /** How many bytes have come over a connection, whether they have been read or not; 0 over UDP. */
  bytesReceived: (socket: Awaited) => number;
}>;

/**
 * The clock of one check. It stands still while what the check waits for is there, but the program serves its clients: that time is
 * not the network's, and any client could make it long.
 */
export class CheckClock {
  readonly #clocks: CheckClocks | undefined;
  #stoodStill = 0;
  /** The latest time that it has shown: it never goes back. */
  #shown = 0;
  #socket: Awaited | undefined;
  #events = 0;
  /** Since when all is there that is now, by `performance.now()`, and how many bytes had come by then. */
  #thereSince: number | undefined;
  #received = 0;
  /** When what it waited for last came, by `performance.now()`; undefined while it waits. */
  #cameAt: number | undefined;

  /** Of a check that begins, to be disposed of at its end. `clocks`: those that it is one of; without, it never stands still. */
  constructor(clocks?: CheckClocks) {
    this.#clocks = clocks;
    clocks?.begin(this);
  }

  /** In milliseconds; comparable with other times of this clock only. */
  now(): number {
    return this.#at(performance.now());
  }

  /** The check waits for this connection. */
  connecting(socket: Socket): void {
    this.#waitFor(socket, POLLOUT);
  }

  /** A connection is made: the check waits for what it brings. */
  connected(socket: Socket): void {
    if (socket === this.#socket) this.received();
    this.reading(socket);
  }

  /** The check waits for what this socket brings; not that of TLS, but the one of TCP under it. */
  reading(socket: Awaited): void {
    this.#waitFor(socket, POLLIN);
  }

  /** By this clock, when that came which the event loop has just brought. */
  arrivedAt(): number {
    return this.#at(this.#arrival(performance.now()));
  }

  /** It was what the check waits for. */
  received(): void {
    const late = this.lateness();
    this.#cameAt = performance.now() - late;
    this.#stoodStill += late;
  }

  /** For how long it was there before, in milliseconds. Of what has come since the last look, that is not known: 0. */
  lateness(): number {
    const now = performance.now();
    const late = now - this.#arrival(now);
    this.#thereSince = undefined;
    return late;
  }

  /** A clock of one of several things that the check waits for at once, to be disposed of at its end: see `join()`. */
  branch(): CheckClock {
    return new CheckClock(this.#clocks);
  }

  /** Those have ended: this clock stood still since the last of what they waited for came. */
  join(branches: readonly CheckClock[]): void {
    const now = performance.now();
    this.#stoodStill += now - Math.max(...branches.map((each) => each.#cameAt ?? now));
  }

  /** A descriptor and what is waited for, as `poll()` takes them; a negative one is passed over. */
  get polled(): readonly [number, number] {
    return [(this.#socket && descriptor(this.#socket)) ?? -1, this.#events];
  }

  /** Whether something of what it waits for is there now. `now`: of `performance.now()`. */
  look(isThere: boolean, now: number): void {
    const received = (isThere && this.#socket && this.#clocks?.bytesReceived(this.#socket)) || 0;
    if (!isThere) this.#thereSince = undefined;
    else if (this.#thereSince === undefined || received !== this.#received) this.#thereSince = now;
    this.#received = received;
  }

  [Symbol.dispose](): void {
    this.#clocks?.end(this);
  }

  /** When what has just been read came: now, unless all of it was there at the last look. */
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

/** The clocks of the checks that run. */
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

/** Rejects, saying why, where `poll()` or TCP_INFO cannot be read: see `createTcpInfoReader()`. `reader`: one that there is. */
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
