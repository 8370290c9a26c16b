import { randomInt } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Signal } from '../model.ts';
import { mtuOf } from './mtu.ts';
import { BASE_LENGTH, decodeReply, encodeTestPacket } from './packets.ts';
import { connectedSocket } from './socket.ts';
import type { Received } from './statistics.ts';
import { currentTime } from './timestamp.ts';

/** Packets of a session, and the milliseconds between two of them. */
const PACKETS = 10;
const SPACING_MS = 10;

/** How long to wait for the last replies, in milliseconds. */
const REPLY_TIMEOUT_MS = 1_000;

/**
 * Maximum further packets, until the last one has a reply: only the reflector's count in a later
 * reply shows in which direction the earlier ones were lost.
 */
const MAX_FURTHER = 5;
const FURTHER_TIMEOUT_MS = 200;

/**
 * A session ends once it has received this many packets: a peer that sends so many for the 15 that
 * were sent only costs time.
 */
const MAX_RECEIVED = 1_000;

/**
 * A session without a reply ends after this many messages that the port is closed. They prove
 * little: the kernel accepts one from anyone who guesses the source port of the packets, so a
 * single one does not count, and none counts once there is a reply.
 */
const MAX_REFUSED = 2;

/** Every second packet is full-size; the last of `PACKETS` is not. */
export const STRIDE = 2;

/** How late the event loop delivers packets, as measured by a `CheckClock`. */
export type Arrivals = Readonly<{
  /** Called when packets are awaited on this socket. */
  reading: (socket: Socket) => void;
  /** How long the packet just delivered had been waiting, in milliseconds. */
  lateness: () => number;
}>;

/** How a session went. */
export type Session = Readonly<{
  sent: number;
  /** In order of arrival. */
  replies: readonly Received[];
  /** Octets of a full-size IP packet, and whether all of these were lost, and no others. */
  fullSize: number;
  losesFullSize: boolean;
  /**
   * The last error of the socket, such as `ECONNREFUSED`, two of which end a session without a
   * reply, or the error for too many packets.
   */
  error: NodeJS.ErrnoException | undefined;
}>;

/**
 * Runs one session of a STAMP Session-Sender in unauthenticated mode (RFC 8762, section 4.2), which
 * takes a tenth of a second, and up to two seconds if packets are lost. Rejects if there is no
 * route to the address, or when the signal aborts.
 */
export async function runSession(
  address: string,
  port: number,
  signal: Signal,
  arrivals?: Arrivals,
): Promise<Session> {
  signal.throwIfAborted();
  const socket = await connectedSocket(address, port);
  const sender = new Sender(socket, isIPv6(address) ? 48 : 28, arrivals);
  try {
    return await sender.run(signal);
  } finally {
    socket.close();
  }
}

class Sender {
  readonly #socket: Socket;
  readonly #session = randomInt(1, 2 ** 16);
  /** Octets of a full-size IP packet. */
  readonly #fullSize: number;
  readonly #headers: number;
  readonly #arrivals: Arrivals | undefined;
  /** When each packet was sent: Unix time in seconds. */
  readonly #sent: number[] = [];
  readonly #replies: Received[] = [];
  readonly #answered = new Set<number>();
  #received = 0;
  #refused = 0;
  #error: NodeJS.ErrnoException | undefined;
  #changed: () => void = () => {};

  /** `headers`: octets of the IP and UDP headers. */
  constructor(socket: Socket, headers: number, arrivals: Arrivals | undefined) {
    this.#socket = socket;
    this.#headers = headers;
    this.#arrivals = arrivals;
    arrivals?.reading(socket);
    this.#fullSize = mtuOf(socket.address().address);
    socket.on('message', (packet) => this.#receive(packet));
    socket.on('error', (error) => this.#fail(error));
  }

  async run(signal: Signal): Promise<Session> {
    while (this.#sent.length < PACKETS && !this.#isOver()) {
      this.#send(this.#sent.length % STRIDE === 0 ? this.#fullSize - this.#headers : BASE_LENGTH);
      await this.#until(() => false, SPACING_MS, signal);
    }
    await this.#until(() => this.#answered.size === this.#sent.length, REPLY_TIMEOUT_MS, signal);
    for (let further = 0; further < MAX_FURTHER && this.#isDirectionOpen(); further++) {
      this.#send(BASE_LENGTH);
      await this.#until(() => !this.#isDirectionOpen(), FURTHER_TIMEOUT_MS, signal);
    }
    return {
      sent: this.#sent.length,
      replies: this.#replies,
      fullSize: this.#fullSize,
      losesFullSize: this.#losesFullSize(),
      error: this.#error,
    };
  }

  #send(length: number): void {
    const sequence = this.#sent.length;
    const timestamp = currentTime();
    this.#sent.push(timestamp);
    const packet = encodeTestPacket({ sequence, session: this.#session, timestamp }, length);
    this.#socket.send(packet, (error) => error && this.#fail(error));
  }

  #receive(packet: Buffer): void {
    const arrivedAt = currentTime() - (this.#arrivals?.lateness() ?? 0) / 1_000;
    if (++this.#received === MAX_RECEIVED)
      this.#fail(new Error(`received ${MAX_RECEIVED} packets`));
    if (this.#isOver()) return;
    const reply = decodeReply(packet);
    const sentAt = this.#sent[reply?.senderSequence ?? -1];
    // Within the precision of the packet's timestamp format.
    if (reply === undefined || sentAt === undefined) return;
    if (Math.abs(reply.senderTimestamp - sentAt) > 1e-6) return;
    const { sequence, senderSequence, timestamp, received } = reply;
    // A reflector may report any times, even a negative duration.
    const rtt = Math.max(0, arrivedAt - sentAt - Math.max(0, timestamp - received));
    this.#replies.push({ sequence, senderSequence, rtt });
    this.#answered.add(senderSequence);
    this.#changed();
  }

  #fail(error: Error): void {
    this.#error = error;
    if (this.#error.code === 'ECONNREFUSED') this.#refused++;
    this.#changed();
  }

  /** Whether the port proved to be closed, or has sent too many packets. */
  #isOver(): boolean {
    const isClosed = this.#refused >= MAX_REFUSED && this.#replies.length === 0;
    return isClosed || this.#received >= MAX_RECEIVED;
  }

  #isDirectionOpen(): boolean {
    const isAnswering = this.#answered.size > 0 && !this.#isOver();
    return isAnswering && !this.#answered.has(this.#sent.length - 1);
  }

  #losesFullSize(): boolean {
    for (let sequence = 0; sequence < PACKETS; sequence++) {
      if (this.#answered.has(sequence) === (sequence % STRIDE === 0)) return false;
    }
    return true;
  }

  /**
   * Resolves when the condition holds, the session is over, or this many milliseconds have passed.
   * Rejects when the signal aborts.
   */
  async #until(isMet: () => boolean, milliseconds: number, signal: Signal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => reject(signal.reason);
    const timer = setTimeout(resolve, milliseconds);
    this.#changed = () => {
      if (isMet() || this.#isOver()) resolve();
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    this.#changed();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#changed = () => {};
      signal.removeEventListener('abort', abort);
    }
  }
}
