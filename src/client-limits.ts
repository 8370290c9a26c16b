import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { TLSSocket } from 'node:tls';
import { InformationalLimit } from './informational-limit.ts';
import { limitTlsMessages } from './tls-limit.ts';

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

/** With Node's own limit of a head, 256 KB of them at most. */
function limitInformational(request: ClientRequest): void {
  const limit = new InformationalLimit();
  request.on('information', () => {
    try {
      limit.add();
    } catch (error) {
      request.destroy(error as Error);
    }
  });
}
