import type { TLSSocket } from 'node:tls';

/**
 * More than a server sends in the life of a connection: each handshake has at most 5 secrets, a server gives a few tickets,
 * and renews its keys after millions of records.
 */
const MAX_EVENTS = 100;

/**
 * Calls `end`, once, where the server renews keys, or gives tickets, without end. OpenSSL takes 2 MB of such records in one
 * turn of the event loop, a second of work; but it reports each new secret and each ticket. `end` must stop the reading at
 * once, but OpenSSL is at work right then, and must not be freed.
 */
export function limitTlsMessages(secure: TLSSocket, end: (error: Error) => void): void {
  let count = 0;
  const onMessage = () => {
    count++;
    if (count === MAX_EVENTS) end(new Error('too many keys or tickets on one connection'));
  };
  secure.on('keylog', onMessage).on('session', onMessage);
}
