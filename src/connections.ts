import type { Server, Socket } from 'node:net';
import { FairLimit } from './fair-limit.ts';
import type { RateLimiter } from './rate-limiter.ts';

/** Connections at once from one address, behind which a proxy or source NAT may hide many clients. */
const MAX_PER_CLIENT = 50;

/** A connection that the kernel has completed: not read, and not yet a `Socket`, which takes ten times the CPU time. */
type AcceptedHandle = Readonly<{
  getpeername: (peer: { address?: string }) => number;
  close: () => void;
}>;

/** The handle of a listening server, to which Node reports each accepted connection. */
type ListeningHandle = {
  onconnection: (status: number, accepted: AcceptedHandle | undefined) => void;
};

/** Makes a `Socket` of an accepted connection, and begins to read it; undefined where Node could not. */
type Serve = (accepted: AcceptedHandle) => Socket | undefined;

/** One object for all that is known of a connection: thousands per second may come. */
class Connection {
  readonly client: string;
  readonly #accepted: AcceptedHandle;
  readonly #serve: Serve;
  readonly #open: FairLimit;
  #socket: Socket | undefined;
  #isGone = false;

  constructor(client: string, accepted: AcceptedHandle, serve: Serve, open: FairLimit) {
    this.client = client;
    this.#accepted = accepted;
    this.#serve = serve;
    this.#open = open;
  }

  isGone(): boolean {
    return this.#isGone;
  }

  serve(): void {
    this.#socket = this.#serve(this.#accepted);
    const remove = () => this.#open.remove(this.client, this);
    if (this.#socket === undefined) remove();
    else this.#socket.once('close', remove);
  }

  destroy(): void {
    this.#isGone = true;
    if (this.#socket === undefined) this.#accepted.close();
    else this.#socket.destroy();
  }
}

/** The connections of a port, including those that wait to be served. */
export class Connections {
  readonly #open: FairLimit;

  /** `max`: how many at once. */
  constructor(max: number) {
    this.#open = new FairLimit(max, MAX_PER_CLIENT);
  }

  /**
   * Has a listening server serve its connections at this pace, and calls `onServed` when it has begun with one. The
   * kernel's queue is in the order of arrival, and Node accepts one connection in each turn of the event loop: a neighbour
   * waits until all before it are accepted, so that this has to be cheap. `onconnection` is not documented, but
   * everything that is documented comes after the `Socket`.
   */
  admitTo(server: Server, pace: RateLimiter, onServed: (socket: Socket) => void): void {
    const { _handle: handle } = server as unknown as { _handle: ListeningHandle };
    const onConnection = handle.onconnection.bind(handle);
    const created: Socket[] = [];
    server.on('connection', (socket: Socket) => created.push(socket));
    const serve: Serve = (accepted) => {
      onConnection(0, accepted);
      const socket = created.pop();
      if (socket !== undefined) onServed(socket);
      return socket;
    };
    handle.onconnection = (status, accepted) => {
      if (status !== 0 || accepted === undefined) return onConnection(status, accepted);
      const client = peerOf(accepted);
      // Reset already.
      if (client === undefined) return accepted.close();
      const connection = new Connection(client, accepted, serve, this.#open);
      this.#open.add(client, connection);
      pace.admit(connection);
    };
  }

  destroyAll(): void {
    this.#open.destroyAll();
  }
}

/** The peer's address; an IPv4 address is the same through an IPv4 and an IPv6 socket (RFC 4291, section 2.5.5.2). */
export function clientOf({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string {
  return remoteAddress.replace(/^::ffff:(?=[\d.]+$)/, '');
}

/** Undefined where the connection has been reset. */
function peerOf(accepted: AcceptedHandle): string | undefined {
  const peer: { address?: string } = {};
  return accepted.getpeername(peer) === 0 ? clientOf({ remoteAddress: peer.address }) : undefined;
}
