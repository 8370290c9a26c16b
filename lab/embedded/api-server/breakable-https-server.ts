import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Certificate } from '../../support/certificates.ts';

/**
 * `hanging`: connections are accepted but not read from, not even a TLS ClientHello. `down`:
 * connections are refused.
 */
export type Availability = 'serving' | 'hanging' | 'down';

/** Go's `http.Server.IdleTimeout`, as kube-apiserver sets it. */
const IDLE_MS = 90_000;

/**
 * HTTP/1.1 over TLS on one address. It can hang, stop listening, and listen again on the same port.
 */
export class BreakableHttpsServer {
  readonly address: string;
  readonly port: number;
  /** Accepts connections for the HTTPS server, which never listens itself and is handed them. */
  readonly #listener: Server;
  readonly #https: HttpsServer;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<Socket>();
  #availability: Availability = 'serving';

  private constructor(listener: Server, https: HttpsServer) {
    const { address, port } = listener.address() as AddressInfo;
    this.address = address;
    this.port = port;
    this.#listener = listener;
    this.#https = https;
    listener.on('connection', (socket) => this.#accept(socket));
  }

  /** Listens immediately; port 0 picks a free one. Rejects if it cannot listen on the address. */
  static async start(options: {
    address: string;
    port: number;
    serving: Certificate;
    onRequest: RequestListener;
  }): Promise<BreakableHttpsServer> {
    const { certificate, key } = options.serving;
    const tls = { cert: certificate, key, keepAliveTimeout: IDLE_MS };
    const https = createHttpsServer(tls, options.onRequest);
    const listener = createServer({ pauseOnConnect: true });
    listener.listen(options.port, options.address);
    await once(listener, 'listening');
    return new BreakableHttpsServer(listener, https);
  }

  /**
   * Resolves once it is in effect. Connections accepted while hanging are served once it serves
   * again.
   */
  async become(availability: Availability): Promise<void> {
    this.#availability = availability;
    if (availability === 'down') await this.close();
    else if (!this.#listener.listening) {
      this.#listener.listen(this.port, this.address);
      await once(this.#listener, 'listening');
    }
    if (availability !== 'serving') return;
    for (const socket of this.#waiting) this.#https.emit('connection', socket);
    this.#waiting.clear();
  }

  /** Stops listening and cuts the open connections. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#listener.listening) return;
    const closed = once(this.#listener, 'close');
    this.#listener.close();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    // Clients may disconnect.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#waiting.delete(socket);
    });
    if (this.#availability === 'hanging') this.#waiting.add(socket);
    else this.#https.emit('connection', socket);
  }
}
