import type { IncomingMessage } from 'node:http';
import type { Server, Socket } from 'node:net';
import { TLSSocket, Server as TlsServer } from 'node:tls';
import { type AcceptedHandle, Acceptor } from './acceptor.ts';
import { FairLimit } from './fair-limit.ts';
import type { FloodFilter } from './flood-filter.ts';
import type { HasManyOrphans } from './orphans.ts';
import type { RateLimiter, Serving } from './rate-limiter.ts';

/** Concurrent connections per address, behind which a proxy or source NAT may hide many clients. */
const MAX_PER_CLIENT = 50;

/**
 * How long a client has to receive the rest of a response once the connection is closed, in
 * milliseconds (time for four retransmissions), and how often to check whether it has, and has
 * closed as well.
 */
const LINGER_MS = 5_000;
const LOOK_MS = 100;

/**
 * Up to this many bytes, such as a refusal, must reach the client with a FIN, though Node closes
 * without one.
 */
const SMALL_BYTES = 4_096;

/**
 * How connections are accepted and closed: with the functions of `socket-limits.ts`, if available.
 * The handle's `reset()` is not an option: it fails while a FIN is pending, and leaves a handle
 * that cannot be closed.
 */
export type SocketCalls = Readonly<{
  acceptNext: (listening: number) => number;
  sendFin: (fd: number) => void;
  resetAtClose: (fd: number) => void;
  hasManyOrphans: HasManyOrphans;
}>;

/** What the connections of a port share. */
type Shared = SocketCalls & {
  readonly open: FairLimit<Connection>;
  readonly bySocket: WeakMap<Socket, Connection>;
  readonly isTls: boolean;
  readonly acceptor: Acceptor;
  readonly whileServing: Serving['whileServing'];
  readonly isEnding: () => boolean;
};

/** The whole state of a connection in one object: thousands may arrive per second. */
class Connection {
  readonly client: string;
  readonly #accepted: AcceptedHandle;
  readonly #shared: Shared;
  #socket: Socket | undefined;
  #isGone = false;
  /** Set while the closed connection lingers. */
  #endLinger: (() => void) | undefined;

  constructor(client: string, accepted: AcceptedHandle, shared: Shared) {
    this.client = client;
    this.#accepted = accepted;
    this.#shared = shared;
  }

  isGone(): boolean {
    return this.#isGone;
  }

  /** Whether it is being read and nothing has arrived. */
  isSilent(): boolean {
    return this.#socket?.bytesRead === 0;
  }

  isLingering(): boolean {
    return this.#endLinger !== undefined;
  }

  serve(): void {
    const remove = () =>
      this.#shared.whileServing(() => this.#shared.open.remove(this.client, this));
    // Finding this out through a `Socket` takes several times as long.
    if (isOver(this.#accepted)) {
      remove();
      this.#closeUnserved();
      return;
    }
    this.#socket = this.#shared.acceptor.serve(this.#accepted);
    if (this.#socket === undefined) {
      remove();
    } else {
      this.#shared.bySocket.set(this.#socket, this);
      this.#socket.once('close', remove);
      // Hundreds may end at the same moment, and Node takes time to handle them.
      this.#socket.once('end', () => this.#shared.whileServing(() => {}));
      this.#lingerBeforeClose(this.#socket);
    }
  }

  /** Call on each request, so that connections kept open for a further request are closed first. */
  touch(): void {
    this.#shared.open.touch(this.client, this);
  }

  destroy(): void {
    this.#isGone = true;
    if (this.#socket === undefined) this.#closeUnserved();
    else if (this.#endLinger !== undefined) this.#endLinger();
    else this.#socket.destroy();
  }

  #closeUnserved(): void {
    const { resetAtClose, isEnding } = this.#shared;
    if (!isEnding()) resetAtClose(this.#accepted.fd);
    this.#accepted.close();
  }

  /**
   * For 10 s or more, the kernel keeps what the client of a closed connection has not received,
   * outside every limit. So a connection counts until the client has closed as well, or until it
   * has lingered and is reset. One with a small response lingers only while the kernel keeps many:
   * watching each one of a neighbour and kubelet would take 7 % of what a check takes (measured).
   */
  #lingerBeforeClose(socket: Socket): void {
    const accepted = this.#accepted;
    const { isTls, sendFin, resetAtClose, hasManyOrphans, isEnding, whileServing } = this.#shared;
    const close = accepted.close.bind(accepted);
    const reset = (callback?: () => void) => {
      resetAtClose(accepted.fd);
      close(callback);
    };
    const linger = (callback?: () => void) => {
      if (isEnding()) return close(callback);
      // Closed without a FIN, by a timeout or because of what the client did. Unknown for TLS.
      const isCut = !(socket.writableFinished || isTls);
      const isSmall = accepted.bytesWritten <= SMALL_BYTES;
      if (this.#isGone || (isCut && !isSmall)) return reset(callback);
      if (isSmall && !hasManyOrphans()) return close(callback);
      if (isOver(accepted)) return close(callback);
      sendFin(accepted.fd);
      accepted.readStop();
      const end = performance.now() + LINGER_MS;
      const timer = setInterval(() => {
        if (performance.now() > end || isOver(accepted)) this.#endLinger?.();
      }, LOOK_MS).unref();
      this.#endLinger = () => {
        this.#endLinger = undefined;
        clearInterval(timer);
        if (isEnding()) close(callback);
        else reset(callback);
      };
    };
    accepted.close = (callback) => whileServing(() => linger(callback));
  }
}

/** The connections of a port, including those that wait to be served. */
export class Connections {
  readonly #open: FairLimit<Connection>;
  readonly #calls: SocketCalls;
  readonly #filterFloods: FloodFilter;
  #isEnding = false;

  /** `max`: how many at once. */
  constructor(max: number, calls: SocketCalls, filterFloods: FloodFilter) {
    this.#open = new FairLimit(max, MAX_PER_CLIENT);
    this.#calls = calls;
    this.#filterFloods = filterFloods;
  }

  /**
   * Makes a listening server serve its connections at this pace. Accepting one is cheap, because a
   * neighbour waits until all connections before its own are accepted.
   */
  admitTo(server: Server, pace: RateLimiter): void {
    const acceptor = new Acceptor(server);
    const bySocket = new WeakMap<Socket, Connection>();
    // Only HTTP servers emit this event.
    server.on('request', ({ socket }: IncomingMessage) => bySocket.get(rawOf(socket))?.touch());
    const shared: Shared = {
      open: this.#open,
      bySocket,
      isTls: server instanceof TlsServer,
      ...this.#calls,
      acceptor,
      whileServing: pace.whileServing,
      isEnding: () => this.#isEnding,
    };
    const look = this.#filterFloods(server);
    const admit = (accepted: AcceptedHandle) => {
      // The kernel completed it before its address was blocked.
      if (look(accepted.fd)) {
        this.#calls.resetAtClose(accepted.fd);
        return accepted.close();
      }
      const client = peerOf(accepted);
      // Already reset.
      if (client === undefined) return accepted.close();
      const connection = new Connection(client, accepted, shared);
      this.#open.add(client, connection);
      pace.admit(connection);
    };
    acceptor.start((accepted) => pace.whileServing(() => admit(accepted)), this.#calls.acceptNext);
  }

  /**
   * Closes lingering connections and those whose clients have sent nothing, for the end of the
   * program. None lingers from then on: the kernel still sends what clients have not received.
   */
  endIdle(): void {
    this.#isEnding = true;
    this.#open.destroyAll((connection) => connection.isSilent() || connection.isLingering());
  }

  /** Closes all connections, for the end of the program. */
  destroyAll(): void {
    this.#isEnding = true;
    this.#open.destroyAll();
  }
}

/**
 * The peer's address. An IPv4 address is the same over an IPv4 and an IPv6 socket (RFC 4291,
 * section 2.5.5.2).
 */
export function clientOf({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string {
  return remoteAddress.replace(/^::ffff:(?=[\d.]+$)/, '');
}

/** The socket under TLS: `_parent` is undocumented, but nothing documented leads there. */
function rawOf(socket: Socket): Socket {
  return socket instanceof TLSSocket ? (socket as unknown as { _parent: Socket })._parent : socket;
}

/** Whether both sides have closed and received everything, or one has reset the connection. */
function isOver(accepted: AcceptedHandle): boolean {
  return accepted.getpeername({}) !== 0;
}

/** The client's address; undefined if the connection has been reset. */
function peerOf(accepted: AcceptedHandle): string | undefined {
  const peer: { address?: string } = {};
  return accepted.getpeername(peer) === 0 ? clientOf({ remoteAddress: peer.address }) : undefined;
}
