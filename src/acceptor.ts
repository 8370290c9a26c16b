import type { Server, Socket } from 'node:net';

/**
 * A connection that the kernel has completed, before it is read and before Node makes a `Socket` of
 * it, which takes ten times the CPU time.
 */
export type AcceptedHandle = {
  readonly fd: number;
  readonly bytesWritten: number;
  readonly getpeername: (peer: { address?: string }) => number;
  readonly readStop: () => number;
  /** Wraps the descriptor of a connection. */
  readonly open: (fd: number) => number;
  close: (callback?: () => void) => void;
};

type HandleConstructor = new (type: typeof SOCKET) => AcceptedHandle;

/** The type of a handle that does not listen. */
const SOCKET = 0;

/** The handle of a listening server, to which Node reports each accepted connection. */
type ListeningHandle = {
  readonly fd: number;
  onconnection: (status: number, accepted: AcceptedHandle | undefined) => void;
};

/** Maximum connections accepted per turn of the event loop, which takes some 3 ms. */
const MAX_PER_TURN = 64;

/**
 * Accepts a listening server's connections before Node makes a `Socket` of each. `onconnection` is
 * undocumented, but everything documented comes after the `Socket`.
 */
export class Acceptor {
  readonly #handle: ListeningHandle;
  readonly #onConnection: ListeningHandle['onconnection'];
  readonly #created: Socket[] = [];

  constructor(server: Server) {
    this.#handle = (server as unknown as { _handle: ListeningHandle })._handle;
    this.#onConnection = this.#handle.onconnection.bind(this.#handle);
    server.on('connection', (socket: Socket) => this.#created.push(socket));
  }

  /** Makes a `Socket` of an accepted connection and starts reading it. Undefined if Node cannot. */
  serve(accepted: AcceptedHandle): Socket | undefined {
    this.#onConnection(0, accepted);
    return this.#created.pop();
  }

  /**
   * Calls `admit` with each connection from now on. The kernel's queue is in order of arrival, and
   * Node accepts one connection per turn of the event loop: a neighbour would wait for a turn, and
   * all the work in it, for each connection that arrived before it. `acceptNext` returns the
   * descriptor of another connection, -1 if there is none.
   */
  start(
    admit: (accepted: AcceptedHandle) => void,
    acceptNext: (listening: number) => number,
  ): void {
    this.#handle.onconnection = (status, accepted) => {
      if (status !== 0 || accepted === undefined) return this.#onConnection(status, accepted);
      const Handle = accepted.constructor as HandleConstructor;
      admit(accepted);
      for (let count = 1; count < MAX_PER_TURN; count += 1) {
        const fd = acceptNext(this.#handle.fd);
        if (fd < 0) return;
        const next = new Handle(SOCKET);
        next.open(fd);
        admit(next);
      }
    };
  }
}
