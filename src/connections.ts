import type { IncomingMessage } from 'node:http';
import type { Server, Socket } from 'node:net';
import { TLSSocket, Server as TlsServer } from 'node:tls';
import { type AcceptedHandle, Acceptor } from './acceptor.ts';
import { FairLimit } from './fair-limit.ts';
import type { FloodFilter } from './flood-filter.ts';
import type { HasManyOrphans } from './orphans.ts';
import type { RateLimiter, Serving } from './rate-limiter.ts';

/** Connections at once from one address, behind which a proxy or source NAT may hide many clients. */
const MAX_PER_CLIENT = 50;

/**
 * How long the client may take to receive the rest of a response once the connection is closed, in milliseconds: five
 * retransmissions; and how often it is looked whether it has, and closed as well.
 */
const LINGER_MS = 5_000;
const LOOK_MS = 100;

/** So much is sent with a refusal, which the client is to receive, and its FIN, though Node closes without one. */
const SMALL_BYTES = 4_096;

/**
 * How connections are accepted and closed: by the functions of `socket-limits.ts`, where these are. `reset()` of the handle is no
 * choice: while a FIN is pending it fails, and leaves a handle that cannot be closed.
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

/** One object for all that is known of a connection: thousands per second may come. */
class Connection {
  readonly client: string;
  readonly #accepted: AcceptedHandle;
  readonly #shared: Shared;
  #socket: Socket | undefined;
  #isGone = false;
  /** While the closed connection lingers. */
  #endLinger: (() => void) | undefined;

  constructor(client: string, accepted: AcceptedHandle, shared: Shared) {
    this.client = client;
    this.#accepted = accepted;
    this.#shared = shared;
  }

  isGone(): boolean {
    return this.#isGone;
  }

  /** Whether it is read, and nothing has come. */
  isSilent(): boolean {
    return this.#socket?.bytesRead === 0;
  }

  isLingering(): boolean {
    return this.#endLinger !== undefined;
  }

  serve(): void {
    const remove = () =>
      this.#shared.whileServing(() => this.#shared.open.remove(this.client, this));
    // To find that out as a `Socket` takes several times as long.
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
      // Hundreds may end at the same moment, and what Node then does takes its time.
      this.#socket.once('end', () => this.#shared.whileServing(() => {}));
      this.#lingerBeforeClose(this.#socket);
    }
  }

  /** A request has come: so that those go first which are kept for another. */
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
   * Of a closed connection, the kernel keeps what the client does not receive for 10 s or more, outside of every limit. So
   * a connection counts until the client has closed as well, or it has lingered, and is then reset. One with a small response does so only
   * while the kernel keeps many: to look after each of a neighbour and kubelet would be 7 % of what a check takes (measured).
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
      // Closed without a FIN, by a timeout or because of what the client did. Of TLS it is not known.
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

  /** Has a listening server serve its connections at this pace. A neighbour waits until all before it are accepted, so that this is cheap. */
  admitTo(server: Server, pace: RateLimiter): void {
    const acceptor = new Acceptor(server);
    const bySocket = new WeakMap<Socket, Connection>();
    // Of an HTTP server.
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
      // The kernel had completed it before.
      if (look(accepted.fd)) {
        this.#calls.resetAtClose(accepted.fd);
        return accepted.close();
      }
      const client = peerOf(accepted);
      // Reset already.
      if (client === undefined) return accepted.close();
      const connection = new Connection(client, accepted, shared);
      this.#open.add(client, connection);
      pace.admit(connection);
    };
    acceptor.start((accepted) => pace.whileServing(() => admit(accepted)), this.#calls.acceptNext);
  }

  /**
   * For the end of the program, when the kernel still sends what clients have not received: none lingers any more. Closes
   * those whose clients have sent nothing.
   */
  endIdle(): void {
    this.#isEnding = true;
    this.#open.destroyAll((connection) => connection.isSilent() || connection.isLingering());
  }

  /** Closes all of them, for the end of the program. */
  destroyAll(): void {
    this.#isEnding = true;
    this.#open.destroyAll();
  }
}

/** The peer's address; an IPv4 address is the same through an IPv4 and an IPv6 socket (RFC 4291, section 2.5.5.2). */
export function clientOf({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string {
  return remoteAddress.replace(/^::ffff:(?=[\d.]+$)/, '');
}

/** The socket below TLS: not documented, but nothing that is documented leads there. */
function rawOf(socket: Socket): Socket {
  return socket instanceof TLSSocket ? (socket as unknown as { _parent: Socket })._parent : socket;
}

/** Whether both sides have closed, and received what was sent, or one of them has reset it. */
function isOver(accepted: AcceptedHandle): boolean {
  return accepted.getpeername({}) !== 0;
}

/** Undefined where the connection has been reset. */
function peerOf(accepted: AcceptedHandle): string | undefined {
  const peer: { address?: string } = {};
  return accepted.getpeername(peer) === 0 ? clientOf({ remoteAddress: peer.address }) : undefined;
}
