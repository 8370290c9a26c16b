import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Bytes of a request's head: that of a neighbour has two segments of 9,000 bytes. */
export const MAX_HEAD = 24 * 1024;

/** Header lines of a request: a Go client or a browser sends 3 to 20. */
const MAX_HEADERS = 100;

/**
 * Characters of a request's target, which packages take some milliseconds to read where it is long: the longest is
 * `/cluster?node=` with a name of 253.
 */
const MAX_TARGET = 1_024;

/** Node keeps at most this many, one more than allowed, so that an excess is detected. */
export const MAX_HEADERS_KEPT = MAX_HEADERS + 1;

/**
 * In how many reads a request's head may arrive: each takes time of the event loop, however short it is. The longest head
 * that is allowed has 45 segments at the smallest MTU of IPv4. Over TLS, a read is at most a record; over plain HTTP, the
 * first read is not counted (`plain-server.ts`).
 */
const MAX_READS = 50;

/**
 * What Node's HTTP server attaches to a connection. Its parser calls `onIncoming` at the end of each request's head, and
 * its method `[kOnExecute]` after each read.
 */
type ServedSocket = Socket & {
  parser: {
    constructor: { kOnExecute: number };
    onIncoming: (request: IncomingMessage, keepAlive: boolean) => number;
    [onExecute: number]: (result: unknown) => void;
  };
  _httpMessage: ServerResponse | null;
};

/** What `onIncoming` returns to make the parser fail, whatever of the bytes just read it has yet to parse. */
const STOP = -1;

/**
 * Closes a connection, before anything further is parsed, at a request that comes before the last one is answered,
 * that has a body, a long target or very many headers, expects something, or arrives in very many reads. Node parses all requests of a 64 KB read before a
 * listener of `request` could stop it: some 2,000 of them, or a body of 10,000 chunks. `onIncoming` is not documented,
 * but nothing that is documented comes in time.
 */
export function guardRequests(socket: Socket): void {
  const served = socket as ServedSocket;
  const { onIncoming } = served.parser;
  const resetReads = limitReads(served);
  served.parser.onIncoming = (request, keepAlive) => {
    resetReads();
    // Node then responds with 400 if the previous request has had no response yet.
    if (served._httpMessage !== null && served._httpMessage !== undefined) return STOP;
    const refusal = refusalOf(request);
    if (refusal === undefined) return onIncoming(request, keepAlive);
    socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    return STOP;
  };
}

/** Closes a connection after `MAX_READS`, counted anew when the returned function is called. */
function limitReads(socket: ServedSocket): () => void {
  const { parser } = socket;
  const { kOnExecute } = parser.constructor;
  const onExecute = parser[kOnExecute];
  let reads = 0;
  parser[kOnExecute] = (result) => {
    reads += 1;
    if (reads > MAX_READS) socket.destroy();
    else onExecute?.(result);
  };
  return () => {
    reads = 0;
  };
}

/** The status line's end for a request that is rejected. */
function refusalOf({ rawHeaders, headers, url = '' }: IncomingMessage): string | undefined {
  if (url.length > MAX_TARGET) return '414 URI Too Long';
  if (rawHeaders.length > 2 * MAX_HEADERS) return '431 Request Header Fields Too Large';
  if (Number(headers['content-length'] ?? 0) !== 0 || headers['transfer-encoding'] !== undefined) {
    return '413 Payload Too Large';
  }
  return headers.expect === undefined ? undefined : '417 Expectation Failed';
}
