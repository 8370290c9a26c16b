import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { clientOf } from './connections.ts';
import { type Page, RAW_TYPE, type RawResponse } from './pages/page.ts';
import { plainRequest } from './plain-request.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { guardRequests } from './request-guard.ts';

/** How long a new connection may be silent before node:http takes it, whose timeouts begin then, in milliseconds. */
const SILENCE_MS = 1_000;

/**
 * Has a server answer plain requests of raw pages from the socket, with the bytes that node:http would send, at this pace:
 * what node:http takes, neighbours measure (docs/performance.md). Every other connection goes on to node:http and
 * `guardRequests()`, with the bytes that have been read of it.
 */
export function answerPlainRequests(
  server: Server,
  pages: Readonly<Record<string, Page>>,
  pace: RateLimiter,
): void {
  // What node:http does with a connection; that it can be given one at any time is documented.
  const serveHttp = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    socket.setTimeout(SILENCE_MS);
    socket.on('data', onData).on('timeout', onTimeout).on('end', onEnd);
    // The connection closes by itself.
    socket.on('error', () => {});
  });

  function onData(this: Socket, bytes: Buffer): void {
    // More than a request that wants its connection closed: node:http ends it as well.
    if (this.bytesRead > bytes.length) return void this.destroy();
    const request = plainRequest(bytes);
    const page = request && pages[request.path];
    if (request === undefined || page === undefined || !('respond' in page)) {
      handOver(this);
      this.unshift(bytes);
      return;
    }
    this.setTimeout(server.timeout);
    pace.admit({
      client: clientOf(this),
      isGone: () => this.destroyed,
      serve: () => {
        this.end(textOf(page.respond(request.fields)), 'latin1');
        this.destroySoon();
      },
    });
  }

  function onTimeout(this: Socket): void {
    if (this.bytesRead === 0) handOver(this);
    else server.emit('timeout', this);
  }

  function handOver(socket: Socket): void {
    socket.off('data', onData).off('timeout', onTimeout).off('end', onEnd);
    for (const serve of serveHttp) serve.call(server, socket);
    guardRequests(socket);
  }
}

/** A client that sends no more is not answered, as by node:http. */
function onEnd(this: Socket): void {
  this.end();
}

function textOf({ status, body }: RawResponse): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r
Content-Type: ${RAW_TYPE}\r
Content-Length: ${body.length}\r
Date: ${new Date().toUTCString()}\r
Connection: close\r
\r
${body}`;
}
