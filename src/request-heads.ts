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

/** In how many reads a request's head may arrive: each takes time of the event loop, however short it is. Over TLS, a read is at most a record. */
const MAX_READS = 20;

/**
 * After so many reads, or after each while so many heads are not whole yet, a connection is not read for a while, in milliseconds, and then for
 * twice as long each time: a neighbour's head has two or three segments, and all that comes meanwhile takes one read.
 */
const READS_AT_ONCE = 3;
const MANY_HEADS = 16;
const FIRST_REST_MS = 16;

/** How a head ends, and what is none may: that is for the parser to say. */
const END = '\r\n\r\n';
const NO_END = '\n\n';

/** What reads a connection; a stream that is paused would go on to read it. */
type ReadHandle = { readStop: () => void; readStart: () => void };

/** How such a request begins, or what there is of it; nothing else waits for its end. */
const BEGIN = /^(?:G|GE|GET|H|HE|HEA|HEAD|(?:GET|HEAD) .*)$/;
const BEGIN_BYTES = 5;

/** A longer head, or one of more lines, is a large request: no client but a neighbour with full-size packets of jumbo frames sends one. */
const LARGE_BYTES = 4_096;
const LARGE_LINES = 30;

/** That of the request, those of its fields, and a blank one. */
const MAX_LINES = MAX_HEADERS + 2;

const LF = 10;

/** Reads a connection, and calls `onHead` with each request's head. */
export type ReadHeads = (socket: Socket, onHead: (head: Buffer) => void) => void;

/**
 * Reads the heads of requests, and passes each on when it is whole, has no very many lines, and its turn has come. To parse one of 24 KB of short
 * lines takes half a millisecond, and hundreds of connections may send theirs at once. Until then, and while a request is served, whatever else
 * comes closes the connection, and so does a head that takes longer than `timeout` milliseconds. What is no `GET` or `HEAD` is passed on as it
 * comes, at the same pace.
 */
export function createReadHeads(pace: RateLimiter, timeout: number): ReadHeads {
  let begun = 0;

  return (socket, onHead) => {
    let held: GrowingBytes | undefined;
    let [reads, rests, lines] = [0, 0, 0];
    let isWaiting = false;
    let timer: NodeJS.Timeout | undefined;
    let rest: NodeJS.Timeout | undefined;

    /** The head, once it is whole. */
    const hold = (bytes: Buffer): Buffer | undefined => {
      if (held === undefined) {
        if (isWhole(bytes, 0)) return bytes;
        begun += 1;
        // To grow by the last byte of a long head would take longer than all else up to here.
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
      // Over TLS, what had been read comes nevertheless.
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
      // The parser would read them as those of another head.
      if (linesOf(bytes.subarray(end)) > MAX_LINES) return refuse(socket, TOO_LARGE);
      const head = hold(bytes);
      if (head === undefined) restFromReading();
      else admit(head);
    };
    socket.on('data', (bytes: Buffer) => pace.whileServing(() => receive(bytes)));
  };
}

/** Whether these bytes, the first `known` of which were not, are to be parsed: a whole head, or what is none. */
function isWhole(head: Buffer, known: number): boolean {
  if (head.length > MAX_HEAD || !BEGIN.test(head.toString('latin1', 0, BEGIN_BYTES))) return true;
  if (head.toString('latin1', head.length - NO_END.length) === NO_END) return true;
  return head.includes(END, Math.max(0, known - END.length + 1));
}

/** Up to where these bytes belong to a head, if they are not in the middle of its end. */
function endIn(bytes: Buffer): number {
  const end = bytes.indexOf(END);
  return end === -1 ? bytes.length : end + END.length;
}

/** How many lines end here, `MAX_LINES` and one at most. */
function linesOf(bytes: Buffer): number {
  let at = 0;
  for (let lines = 0; lines <= MAX_LINES; lines += 1) {
    at = bytes.indexOf(LF, at) + 1;
    if (at === 0) return lines;
  }
  return MAX_LINES + 1;
}
