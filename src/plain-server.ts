import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type Page, RAW_TYPE, type RawResponse } from './pages/page.ts';
import { plainRequest } from './plain-request.ts';
import { guardRequests } from './request-guard.ts';
import type { ReadHeads } from './request-heads.ts';

/**
 * How long a new connection may be silent, in milliseconds, before node:http takes it over and
 * starts its own timeouts.
 */
const SILENCE_MS = 1_000;

/**
 * Makes a server read its requests with `readHeads`, and answer plain ones for raw pages directly
 * on the socket, with the bytes that node:http would send: neighbours would measure the time that
 * node:http takes (docs/performance.md). Hands every other connection over to node:http and
 * `guardRequests()`.
 */
export function answerPlainRequests(
  server: Server,
  pages: Readonly<Record<string, Page>>,
  readHeads: ReadHeads,
): void {
  // node:http's own handling of a connection; handing it one at any time is documented.
  const serveHttp = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    let parse: ((bytes: Buffer) => void) | undefined;
    const handOver = () => {
      socket.off('timeout', onTimeout).off('end', onEnd);
      for (const serve of serveHttp) serve.call(server, socket);
      parse = guardRequests(socket);
      return parse;
    };
    const onTimeout = () => {
      if (socket.bytesRead === 0) handOver();
      else server.emit('timeout', socket);
    };
    socket.setTimeout(SILENCE_MS);
    socket.once('data', () => socket.setTimeout(server.timeout));
    socket.on('timeout', onTimeout).on('end', onEnd);
    // The connection closes by itself.
    socket.on('error', () => {});
    readHeads(socket, (head) => {
      const response = parse === undefined ? plainResponse(head) : undefined;
      if (response === undefined) return (parse ?? handOver())(head);
      socket.end(response, 'latin1');
      socket.destroySoon();
    });
  });

  function plainResponse(head: Buffer): string | undefined {
    const request = plainRequest(head);
    const page = request && pages[request.path];
    return page && 'respond' in page ? textOf(page.respond(request.fields)) : undefined;
  }
}

/** Closes the connection of a client that ends its side, without a response, as node:http does. */
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
