import type { Server, Socket } from 'node:net';
import type { RateLimiter } from './rate-limiter.ts';

/** Connections at once from one address, behind which a proxy or source NAT may hide many clients. */
const MAX_PER_CLIENT = 50;

/**
 * The open connections of a port. A new one is always let in, so that nobody locks others out by holding
 * connections: where a limit is reached, the oldest of the client that has the most is closed for it.
 */
export class Connections {
  readonly #byClient = new Map<string, Set<Socket>>();
  readonly #max: number;
  #count = 0;

  /** `max`: how many at once. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Adds a connection until it closes. */
  add(socket: Socket): void {
    const client = clientOf(socket);
    const own = this.#byClient.get(client) ?? new Set();
    if (own.size >= MAX_PER_CLIENT) this.#closeOldest(client, own);
    else if (this.#count >= this.#max) this.#closeOldest(...this.#largest());
    this.#byClient.set(client, own.add(socket));
    this.#count += 1;
    socket.once('close', () => this.#remove(client, socket));
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
    for (const sockets of this.#byClient.values()) {
      for (const socket of sockets) socket.destroy();
    }
  }

  #closeOldest(client: string, [oldest]: Iterable<Socket>): void {
    if (oldest === undefined) return;
    oldest.destroy();
    this.#remove(client, oldest);
  }

  #largest(): [client: string, sockets: Set<Socket>] {
    let largest: [string, Set<Socket>] = ['', new Set()];
    for (const entry of this.#byClient) if (entry[1].size > largest[1].size) largest = entry;
    return largest;
  }

  #remove(client: string, socket: Socket): void {
    const sockets = this.#byClient.get(client);
    if (sockets?.delete(socket) !== true) return;
    this.#count -= 1;
    if (sockets.size === 0) this.#byClient.delete(client);
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
