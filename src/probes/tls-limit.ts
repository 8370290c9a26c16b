import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/**
 * More than a server sends in the life of a connection: each handshake has at most 5 secrets, a server gives a few tickets,
 * and renews its keys after millions of records.
 */
const MAX_EVENTS = 100;

/**
 * Ends a connection whose server renews keys, or gives tickets, without end. OpenSSL takes 2 MB of such records in one turn
 * of the event loop, a second of work; but it reports each new secret and each ticket.
 */
export function limitTlsMessages(secure: TLSSocket, tcp: Socket): void {
  let count = 0;
  const onMessage = () => {
    count++;
    if (count !== MAX_EVENTS) return;
    // This stops the reading. What is TLS must wait: OpenSSL is at work on it right now.
    tcp.destroy();
    setImmediate(() => secure.destroy(new Error('too many keys or tickets over one connection')));
  };
  secure.on('keylog', onMessage).on('session', onMessage);
}
