import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/**
 * More than a peer sends in the life of a connection: each handshake has at most 5 secrets, a server gives a few tickets,
 * and renews its keys after millions of records.
 */
const MAX_EVENTS = 100;

/**
 * Calls `end`, once, where the peer renews keys, or gives tickets, without end. OpenSSL takes 2 MB of such records in one
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

/**
 * Destroys a socket in a listener of its data. Over TLS, what has been read would otherwise be decrypted to its end: 16 KB of records of a byte
 * take 2 ms (measured).
 */
export function destroyAtOnce(socket: Socket): void {
  const { _handle: handle } = socket as unknown as { _handle: { destroySSL?: () => void } | null };
  socket.destroy();
  // Not documented, but what Node's own `close()` does, later.
  handle?.destroySSL?.();
}

/** Closes a connection to a server whose client renews keys without end, or begins another handshake. */
export function limitClientTls(secure: TLSSocket): void {
  secure.disableRenegotiation();
  limitTlsMessages(secure, () => {
    // The socket below: not documented, but nothing that is documented stops the reading at once.
    (secure as unknown as { _parent: Socket })._parent.destroy();
    setImmediate(() => secure.destroy());
  });
}
