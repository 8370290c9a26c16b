import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/**
 * More than a peer causes in the life of a connection: each handshake has at most 5 secrets, and a
 * server sends a few tickets, and renews its keys after millions of records.
 */
const MAX_EVENTS = 100;

/**
 * Calls `end`, once, if the peer keeps renewing keys or sending tickets. OpenSSL processes 2 MB of
 * such records in one turn of the event loop, a second of work, but reports each new secret and
 * each ticket. `end` must stop the reading at once, but must not free OpenSSL, which is running at
 * that moment.
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
 * Destroys a socket from within a listener of its data. Over TLS, everything that has been read
 * would otherwise still be decrypted: 16 KB of one-byte records take 2 ms (measured).
 */
export function destroyAtOnce(socket: Socket): void {
  const { _handle: handle } = socket as unknown as { _handle: { destroySSL?: () => void } | null };
  socket.destroy();
  // Not documented, but Node's own `close()` does the same, later.
  handle?.destroySSL?.();
}

/** Closes a server's connection if the client keeps renewing keys, or begins another handshake. */
export function limitClientTls(secure: TLSSocket): void {
  secure.disableRenegotiation();
  limitTlsMessages(secure, () => {
    // The socket below: not documented, but nothing documented stops the reading at once.
    (secure as unknown as { _parent: Socket })._parent.destroy();
    setImmediate(() => secure.destroy());
  });
}
