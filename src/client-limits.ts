import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { TLSSocket } from 'node:tls';
import { limitTlsMessages } from './tls-limit.ts';

/** Nobody sends more than two to a request (100, 103). With Node's own limit of a head, 256 KB. */
const MAX_INFORMATIONAL = 16;

/**
 * From now on, a request of `node:http` and `node:https` fails where its server sends without end what Node takes without
 * end: informational responses (1xx), new keys and tickets of TLS. One server could keep the process busy. For the whole
 * process, since the requests are those of packages as well.
 */
export function limitClientRequests(): void {
  const limited = new WeakSet<object>();
  subscribe('http.client.request.created', (message) => {
    const { request } = message as { request: ClientRequest };
    limitInformational(request);
    request.once('socket', (socket) => {
      if (!(socket instanceof TLSSocket) || limited.has(socket)) return;
      limited.add(socket);
      limitTlsMessages(socket, (error) => socket.destroy(error));
    });
  });
}

function limitInformational(request: ClientRequest): void {
  let count = 0;
  request.on('information', () => {
    count++;
    if (count <= MAX_INFORMATIONAL) return;
    request.destroy(new Error(`more than ${MAX_INFORMATIONAL} informational responses (1xx)`));
  });
}
