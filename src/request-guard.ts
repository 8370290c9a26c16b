import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Maximum bytes of a request's head: a neighbour's fills two segments of up to 9,000 bytes. */
export const MAX_HEAD = 24 * 1024;

/** Maximum header lines of a request: a Go client or a browser sends 3 to 20. */
export const MAX_HEADERS = 100;

/**
 * Maximum characters of a request's target: packages take some milliseconds to read a long one. The
 * longest legitimate one is `/cluster?node=` with a name of 253.
 */
const MAX_TARGET = 1_024;

/** How many header lines Node keeps: one more than allowed, so that an excess is detected. */
export const MAX_HEADERS_KEPT = MAX_HEADERS + 1;

/**
 * What Node's HTTP server attaches to a connection. Its parser calls `onIncoming` at the end of
 * each request's head.
 */
type ServedSocket = Socket & {
  parser: { onIncoming: (request: IncomingMessage, keepAlive: boolean) => number };
  /** Undefined before the first request. */
  _httpMessage?: ServerResponse | null;
};

/** Whether a request is being served, or the connection's last one has been. */
export function isBeingServed(socket: Socket): boolean {
  return ((socket as ServedSocket)._httpMessage ?? null) !== null || socket.writableEnded;
}

/** The status for a request with a body, and for one with more than `MAX_HEADERS`. */
export const TOO_LARGE = '413 Payload Too Large';
export const TOO_MANY_HEADERS = '431 Request Header Fields Too Large';

/**
 * Returned by `onIncoming` to make the parser fail, however much of the bytes just read is left to
 * parse.
 */
const STOP = -1;

/**
 * Closes a connection, before anything further is parsed, at a request that comes before the
 * previous one is answered, or that has a body, a long target, too many headers or an `Expect`
 * header. Node parses all requests of a 64 KB read before a `request` listener could stop it: some
 * 2,000 of them, or a body of 10,000 chunks. `onIncoming` is not documented, but nothing documented
 * runs in time. From then on, Node parses only the bytes that the returned function is called with,
 * not what the connection receives.
 */
export function guardRequests(socket: Socket): (bytes: Buffer) => void {
  const served = socket as ServedSocket;
  const { onIncoming } = served.parser;
  served.parser.onIncoming = (request, keepAlive) => {
    // Node then responds with 400 if the previous request has had no response yet.
    if (isBeingServed(socket)) return STOP;
    const refusal = refusalOf(request);
    if (refusal === undefined) return onIncoming(request, keepAlive);
    refuse(socket, refusal);
    return STOP;
  };
  const parse = socket.listeners('data').at(-1) as (bytes: Buffer) => void;
  socket.off('data', parse);
  // Over plain HTTP, the parser reads the connection directly, bypassing all listeners, until one
  // is added.
  socket.on('data', nothing).off('data', nothing);
  return parse;
}

function nothing(): void {}

/** Responds with a status, and closes the connection. */
export function refuse(socket: Socket, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroySoon();
}

/** The status for a request to reject; undefined if it is acceptable. */
function refusalOf({ rawHeaders, headers, url = '' }: IncomingMessage): string | undefined {
  if (url.length > MAX_TARGET) return '414 URI Too Long';
  if (rawHeaders.length > 2 * MAX_HEADERS) return TOO_MANY_HEADERS;
  if (Number(headers['content-length'] ?? 0) !== 0 || headers['transfer-encoding'] !== undefined) {
    return TOO_LARGE;
  }
  return headers.expect === undefined ? undefined : '417 Expectation Failed';
}
