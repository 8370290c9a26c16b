import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import type { ProxyFault } from '../parts/faults.ts';
import type { Backend } from '../parts/parts.ts';
import { Mutex } from '../support/mutex.ts';
import { Pump, reset } from './pump.ts';

/** Timeout of a client that has closed its side. */
const HALF_CLOSED_LIMIT_MS = 10_000;

/**
 * A forwarded connection, from its acceptance on. It has a backend once `forward` has been called.
 */
class Connection {
  readonly #client: Socket;
  readonly #upstream = new Socket({ allowHalfOpen: true });
  readonly #request: Pump;
  readonly #response: Pump;
  backend: Backend | undefined;

  constructor(client: Socket, closed: () => void) {
    this.#client = client;
    this.#request = new Pump(client, this.#upstream);
    this.#response = new Pump(this.#upstream, client);
    client.setNoDelay();
    this.#upstream.setNoDelay();
    client.on('end', () => client.setTimeout(HALF_CLOSED_LIMIT_MS, () => client.destroy()));
    client.on('close', () => {
      this.#upstream.destroy();
      closed();
    });
  }

  forward(backend: Backend): void {
    this.backend = backend;
    this.#upstream.connect(backend.port, backend.address);
  }

  suffer(fault: ProxyFault | undefined): void {
    const hangs = fault?.kind === 'hang';
    this.#request.delay = hangs ? Infinity : 0;
    this.#response.delay = hangs ? Infinity : fault?.kind === 'slow' ? fault.milliseconds : 0;
  }

  cut(): void {
    reset(this.#client);
  }

  /**
   * Waits until the client has sent something, so that it never takes the reset for a failure to
   * connect.
   */
  reset(): void {
    if (this.#client.bytesRead > 0) this.cut();
    else this.#client.once('data', () => this.cut()).once('end', () => this.cut());
  }
}

/**
 * A TCP forwarder at a part's public address: the network in front of that part. It rotates through
 * its backends. It resets connections if there is no backend or the backend does not respond.
 */
export class TcpProxy {
  readonly address: string;
  readonly port: number;
  readonly #server: Server;
  readonly #backends: () => readonly Backend[];
  readonly #connections = new Set<Connection>();
  #fault: ProxyFault | undefined;
  readonly #mutex = new Mutex();
  #turn = 0;

  private constructor(
    address: string,
    port: number,
    server: Server,
    backends: () => readonly Backend[],
  ) {
    this.address = address;
    this.port = port;
    this.#server = server;
    this.#backends = backends;
    server.on('connection', (client) => this.#accept(client));
  }

  /** Listens immediately; port 0 picks a free one. Rejects if it cannot listen on the address. */
  static async start(options: {
    address: string;
    port: number;
    backends: () => readonly Backend[];
  }): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true });
    await listen(server, options.address, options.port);
    const bound = server.address();
    const port = bound !== null && typeof bound === 'object' ? bound.port : options.port;
    return new TcpProxy(options.address, port, server, options.backends);
  }

  /** Replaces the current fault; `undefined` heals. Resolves once it is in effect. */
  break(fault: ProxyFault | undefined): Promise<void> {
    return this.#mutex.run(() => this.#suffer(fault));
  }

  /** How many connections to the backend at `address` are open. */
  connectionsTo(address: string): number {
    return [...this.#connections].filter(({ backend }) => backend?.address === address).length;
  }

  /** Stops listening and cuts the open connections. */
  close(): Promise<void> {
    return this.#mutex.run(() => this.#suffer({ kind: 'down' }));
  }

  async #suffer(fault: ProxyFault | undefined): Promise<void> {
    this.#fault = fault;
    for (const connection of this.#connections) this.#bring(connection, fault);
    if (fault?.kind === 'down') await this.#stopListening();
    else if (!this.#server.listening) await listen(this.#server, this.address, this.port);
  }

  #accept(client: Socket): void {
    const closed = () => this.#connections.delete(connection);
    const connection = new Connection(client, closed);
    this.#connections.add(connection);
    this.#bring(connection, this.#fault);
  }

  #bring(connection: Connection, fault: ProxyFault | undefined): void {
    if (fault?.kind === 'down') connection.cut();
    else if (fault?.kind === 'reset') connection.reset();
    else {
      if (fault?.kind !== 'hang' && connection.backend === undefined) this.#forward(connection);
      connection.suffer(fault);
    }
  }

  #forward(connection: Connection): void {
    const backends = this.#backends();
    const backend = backends[this.#turn++ % backends.length];
    if (backend === undefined) connection.reset();
    else connection.forward(backend);
  }

  async #stopListening(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port });
  await once(server, 'listening');
}
