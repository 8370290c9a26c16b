import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Bytes of a request's head: that of a neighbour has two segments of 9,000 bytes. */
export const MAX_HEAD = 24 * 1024;

/** Header lines of a request: a Go client or a browser sends 3 to 20. */
export const MAX_HEADERS = 100;

/**
 * Characters of a request's target, which packages take some milliseconds to read where it is long: the longest is
 * `/cluster?node=` with a name of 253.
 */
const MAX_TARGET = 1_024;

/** Node keeps at most this many, one more than allowed, so that an excess is detected. */
export const MAX_HEADERS_KEPT = MAX_HEADERS + 1;

/** What Node's HTTP server attaches to a connection. Its parser calls `onIncoming` at the end of each request's head. */
type ServedSocket = Socket & {
  parser: { onIncoming: (request: IncomingMessage, keepAlive: boolean) => number };
  /** Undefined before the first request. */
  _httpMessage?: ServerResponse | null;
};

/** Whether a request is served, or the last one has been. */
export function isBeingServed(socket: Socket): boolean {
  return ((socket as ServedSocket)._httpMessage ?? null) !== null || socket.writableEnded;
}

/** The status of a request with a body, and of one with more than `MAX_HEADERS`. */
export const TOO_LARGE = '413 Payload Too Large';
export const TOO_MANY_HEADERS = '431 Request Header Fields Too Large';

/** What `onIncoming` returns to make the parser fail, whatever of the bytes just read it has yet to parse. */
const STOP = -1;

/**
 * Closes a connection, before anything further is parsed, at a request that comes before the last one is answered,
 * that has a body, a long target or very many headers, or expects something. Node parses all requests of a 64 KB read before a
 * listener of `request` could stop it: some 2,000 of them, or a body of 10,000 chunks. `onIncoming` is not documented,
 * but nothing that is documented comes in time. What the connection receives is not parsed any more, only what the returned function is called with.
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
  // Over plain HTTP, the parser reads the connection past every listener until one is added.
  socket.on('data', nothing).off('data', nothing);
  return parse;
}

function nothing(): void {}

/** Responds with a status, and closes the connection. */
export function refuse(socket: Socket, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroySoon();
}

/** The status line's end for a request that is rejected. */
function refusalOf({ rawHeaders, headers, url = '' }: IncomingMessage): string | undefined {
  if (url.length > MAX_TARGET) return '414 URI Too Long';
  if (rawHeaders.length > 2 * MAX_HEADERS) return TOO_MANY_HEADERS;
  if (Number(headers['content-length'] ?? 0) !== 0 || headers['transfer-encoding'] !== undefined) {
    return TOO_LARGE;
  }
  return headers.expect === undefined ? undefined : '417 Expectation Failed';
}
