import type { Server, Socket } from 'node:net';
import { FairLimit } from './fair-limit.ts';
import type { RateLimiter } from './rate-limiter.ts';

/** Connections at once from one address, behind which a proxy or source NAT may hide many clients. */
const MAX_PER_CLIENT = 50;

/** The open connections of a port. */
export class Connections {
  readonly #open: FairLimit<Socket>;

  /** `max`: how many at once. */
  constructor(max: number) {
    this.#open = new FairLimit(max, MAX_PER_CLIENT);
  }

  /** Adds a connection until it closes. */
  add(socket: Socket): void {
    this.#open.add(clientOf(socket), socket);
  }

  /** Has a server take its connections at this pace, and calls `onServed` once it has taken one. */
  admitTo(server: Server, pace: RateLimiter, onServed: (socket: Socket) => void): void {
    const [serve] = server.listeners('connection');
    server.removeAllListeners('connection').on('connection', (socket: Socket) => {
      this.add(socket);
      const read = holdReading(socket);
      pace.admit({
        client: clientOf(socket),
        isGone: () => socket.destroyed,
        serve: () => {
          read();
          serve?.call(server, socket);
          onServed(socket);
        },
      });
    });
  }

  destroyAll(): void {
    this.#open.destroyAll();
  }
}

/** The peer's address; an IPv4 address is the same through an IPv4 and an IPv6 socket (RFC 4291, section 2.5.5.2). */
export function clientOf({ remoteAddress = '' }: Socket): string {
  return remoteAddress.replace(/^::ffff:(?=[\d.]+$)/, '');
}

type Handle = { reading: boolean; readStart: () => void; readStop: () => void };

/**
 * Leaves in the kernel what the client sends until the returned function is called. `pause()` would let 64 KB into the
 * socket's own buffer.
 */
function holdReading(socket: Socket): () => void {
  const { _handle: handle } = socket as unknown as { _handle: Handle };
  handle.reading = false;
  handle.readStop();
  return () => {
    handle.reading = true;
    handle.readStart();
  };
}
