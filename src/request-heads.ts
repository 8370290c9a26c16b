import type { Socket } from 'node:net';
import { clientOf } from './connections.ts';
import { GrowingBytes } from './growing-bytes.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { isBeingServed, MAX_HEAD, MAX_HEADERS, refuse, TOO_MANY_HEADERS } from './request-guard.ts';

/**
 * In how many reads a request's head may arrive: each takes time of the event loop, however short it is. The longest head
 * that is allowed has 45 segments at the smallest MTU of IPv4. Over TLS, a read is at most a record.
 */
const MAX_READS = 50;

/** How a head ends, and what is none may: that is for the parser to say. */
const END = '\r\n\r\n';
const NO_END = '\n\n';

/** How such a request begins, or what there is of it; nothing else waits for its end. */
const BEGIN = /^(?:G|GE|GET|H|HE|HEA|HEAD|(?:GET|HEAD) .*)$/;
const BEGIN_BYTES = 5;

/** That of the request, those of its fields, and a blank one. */
const MAX_LINES = MAX_HEADERS + 2;

const [CR, LF] = [13, 10];

/**
 * Reads the heads of a connection's requests, and passes each on when it is whole, has no very many lines, and its turn has come. To parse
 * one of 24 KB of short lines takes half a millisecond, and hundreds of connections may send theirs at once. Until then, and while a request is served, whatever
 * else comes closes the connection, and so does a head that takes longer than `timeout` milliseconds. What is no `GET` or `HEAD` is passed on as it comes, at
 * the same pace.
 */
export function readHeads(
  socket: Socket,
  pace: RateLimiter,
  timeout: number,
  onHead: (head: Buffer) => void,
): void {
  let held: GrowingBytes | undefined;
  let [reads, lines] = [0, 0];
  let isWaiting = false;
  let timer: NodeJS.Timeout | undefined;

  const admit = (head: Buffer) => {
    clearTimeout(timer);
    held = undefined;
    isWaiting = true;
    pace.admit({
      client: clientOf(socket),
      isGone: () => socket.destroyed,
      serve: () => {
        isWaiting = false;
        onHead(head);
        if (isBeingServed(socket)) [reads, lines] = [0, 0];
      },
    });
  };
  const hold = (bytes: Buffer): Buffer => {
    if (held === undefined) {
      held = new GrowingBytes();
      timer = setTimeout(() => refuse(socket, '408 Request Timeout'), timeout).unref();
    }
    held.add(bytes);
    return held.bytes();
  };
  socket.once('close', () => clearTimeout(timer));
  socket.on('data', (bytes: Buffer) => {
    reads += 1;
    if (isWaiting || isBeingServed(socket) || reads > MAX_READS) return void socket.destroy();
    lines += linesOf(bytes);
    if (lines > MAX_LINES) return refuse(socket, TOO_MANY_HEADERS);
    if (held === undefined && isWhole(bytes, 0)) return admit(bytes);
    const known = held?.length ?? 0;
    const head = hold(bytes);
    if (isWhole(head, known)) admit(head);
  });
}

/** Whether these bytes, the first `known` of which were not, are to be parsed: a whole head, or what is none. */
function isWhole(head: Buffer, known: number): boolean {
  if (head.length > MAX_HEAD || !BEGIN.test(head.toString('latin1', 0, BEGIN_BYTES))) return true;
  if (head.toString('latin1', head.length - NO_END.length) === NO_END) return true;
  return head.includes(END, Math.max(0, known - END.length + 1));
}

/** How many lines end here, `MAX_LINES` and one at most, and none of what follows a blank one. */
function linesOf(bytes: Buffer): number {
  let at = 0;
  for (let lines = 0; lines <= MAX_LINES; lines += 1) {
    at = bytes.indexOf(LF, at) + 1;
    if (at === 0) return lines;
    if (bytes[at] === CR) return lines + 1;
  }
  return MAX_LINES + 1;
}
