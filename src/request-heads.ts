import type { Socket } from 'node:net';
import { clientOf } from './connections.ts';
import { GrowingBytes } from './growing-bytes.ts';
import type { RateLimiter } from './rate-limiter.ts';
import {
  isBeingServed,
  MAX_HEAD,
  MAX_HEADERS,
  refuse,
  TOO_LARGE,
  TOO_MANY_HEADERS,
} from './request-guard.ts';
import { destroyAtOnce } from './tls-limit.ts';

/**
 * Maximum reads in which a request's head may arrive: each takes event-loop time, however short it
 * is. Over TLS, a read is at most one record.
 */
const MAX_READS = 20;

/**
 * Reading a connection pauses after this many reads, or after each one while more than this many
 * heads are incomplete: first for this many milliseconds, then for twice as long each time. A
 * neighbour's head has two or three segments, and everything that arrives during a pause takes one
 * read.
 */
const READS_AT_ONCE = 3;
const MANY_HEADS = 16;
const FIRST_REST_MS = 16;

/** The end of a head, and a possible end of a malformed one, which is left to the parser. */
const END = '\r\n\r\n';
const NO_END = '\n\n';

/** The handle that reads a connection; pausing the stream instead would not stop the reading. */
type ReadHandle = { readStop: () => void; readStart: () => void };

/**
 * The beginning of a `GET` or `HEAD` request, or as much of it as has arrived; nothing else is held
 * until its end.
 */
const BEGIN = /^(?:G|GE|GET|H|HE|HEA|HEAD|(?:GET|HEAD) .*)$/;
const BEGIN_BYTES = 5;

/**
 * A longer head, or one with more lines, makes a large request: no client but a neighbour with
 * full-size packets of jumbo frames sends one.
 */
const LARGE_BYTES = 4_096;
const LARGE_LINES = 30;

/** The request line, the header lines and a blank line. */
const MAX_LINES = MAX_HEADERS + 2;

const LF = 10;

/** Reads a connection, and calls `onHead` with each request's head. */
export type ReadHeads = (socket: Socket, onHead: (head: Buffer) => void) => void;

/**
 * Reads the heads of requests, and passes each on once it is complete, does not have too many
 * lines, and its turn has come: parsing one of 24 KB of short lines takes half a millisecond, and
 * hundreds of connections may send theirs at once. Until then, and while a request is served, any
 * further data closes the connection, as does a head that takes longer than `timeout` milliseconds.
 * Anything but a `GET` or `HEAD` is passed on as it arrives, at the same pace.
 */
export function createReadHeads(pace: RateLimiter, timeout: number): ReadHeads {
  let begun = 0;

  return (socket, onHead) => {
    let held: GrowingBytes | undefined;
    let [reads, rests, lines] = [0, 0, 0];
    let isWaiting = false;
    let timer: NodeJS.Timeout | undefined;
    let rest: NodeJS.Timeout | undefined;

    /** The head, once it is complete. */
    const hold = (bytes: Buffer): Buffer | undefined => {
      if (held === undefined) {
        if (isWhole(bytes, 0)) return bytes;
        begun += 1;
        // Full size from the start: growing for the last byte of a long head would take longer than
        // everything before.
        held = new GrowingBytes(Infinity, MAX_HEAD);
        timer = setTimeout(() => refuse(socket, '408 Request Timeout'), timeout).unref();
      }
      const known = held.length;
      held.add(bytes);
      const head = held.bytes();
      return isWhole(head, known) ? head : undefined;
    };
    const release = () => {
      if (held === undefined) return;
      begun -= 1;
      held = undefined;
      clearTimeout(timer);
    };
    const admit = (head: Buffer) => {
      release();
      isWaiting = true;
      pace.admit({
        client: clientOf(socket),
        isGone: () => socket.destroyed,
        isLarge: head.length > LARGE_BYTES || lines > LARGE_LINES,
        serve: () => {
          isWaiting = false;
          onHead(head);
          if (isBeingServed(socket)) [reads, rests, lines] = [0, 0, 0];
        },
      });
    };
    const restFromReading = () => {
      // Over TLS, data that has already been read is still delivered.
      if (rest !== undefined || (reads < READS_AT_ONCE && begun <= MANY_HEADS)) return;
      const { _handle: handle } = socket as unknown as { _handle: ReadHandle };
      handle.readStop();
      rest = setTimeout(
        () => {
          rest = undefined;
          if (!socket.destroyed) handle.readStart();
        },
        FIRST_REST_MS * 2 ** rests,
      ).unref();
      rests += 1;
    };
    socket.once('close', () => {
      release();
      clearTimeout(rest);
    });
    const receive = (bytes: Buffer) => {
      reads += 1;
      if (isWaiting || isBeingServed(socket) || reads > MAX_READS) return destroyAtOnce(socket);
      const end = endIn(bytes);
      lines += linesOf(bytes.subarray(0, end));
      if (lines > MAX_LINES) return refuse(socket, TOO_MANY_HEADERS);
      // The parser would read them as the lines of another head.
      if (linesOf(bytes.subarray(end)) > MAX_LINES) return refuse(socket, TOO_LARGE);
      const head = hold(bytes);
      if (head === undefined) restFromReading();
      else admit(head);
    };
    socket.on('data', (bytes: Buffer) => pace.whileServing(() => receive(bytes)));
  };
}

/**
 * Whether to parse these bytes: they are a complete head, or not a head at all. The first `known`
 * of them were neither.
 */
function isWhole(head: Buffer, known: number): boolean {
  if (head.length > MAX_HEAD || !BEGIN.test(head.toString('latin1', 0, BEGIN_BYTES))) return true;
  if (head.toString('latin1', head.length - NO_END.length) === NO_END) return true;
  return head.includes(END, Math.max(0, known - END.length + 1));
}

/** Up to where these bytes belong to a head, unless they begin in the middle of its end. */
function endIn(bytes: Buffer): number {
  const end = bytes.indexOf(END);
  return end === -1 ? bytes.length : end + END.length;
}

/** How many lines end in these bytes, at most `MAX_LINES` + 1. */
function linesOf(bytes: Buffer): number {
  let at = 0;
  for (let lines = 0; lines <= MAX_LINES; lines += 1) {
    at = bytes.indexOf(LF, at) + 1;
    if (at === 0) return lines;
  }
  return MAX_LINES + 1;
}
