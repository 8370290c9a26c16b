import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { TLSSocket } from 'node:tls';
import { InformationalLimit } from './informational-limit.ts';
import { limitTlsMessages } from './tls-limit.ts';

/**
 * From now on, a request of `node:http` or `node:https` fails if its server keeps sending what Node
 * accepts without limit: informational responses (1xx), and new keys and tickets of TLS. Otherwise
 * one server could keep the process busy. Applies to the whole process, because packages make
 * requests as well.
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

/** With Node's own limit per head, informational responses take 256 KB at most. */
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
