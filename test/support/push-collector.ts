import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { Certificate } from '../../lab/support/certificates.ts';

/** What to do with a push once it has arrived completely. */
export type Behaviour = (socket: Socket) => void;

export type Push = Readonly<{
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
  /** The common name in the client certificate. */
  client: string | undefined;
}>;

/** Writes these bytes, and leaves the connection open. */
export function say(text: string): Behaviour {
  return (socket) => void socket.write(text);
}

/** A response without a body. `status`: such as `503 Service Unavailable`. */
export function respond(status: string, ...headers: string[]): Behaviour {
  return say(`${[`HTTP/1.1 ${status}`, ...headers, 'Content-Length: 0'].join('\r\n')}\r\n\r\n`);
}

/** Writes the head, then the piece again and again, until the connection is closed. */
export function trickle(head: string, piece: string, everyMs: number): Behaviour {
  return (socket) => {
    socket.write(head);
    const timer = setInterval(() => socket.write(piece), everyMs);
    socket.on('close', () => clearInterval(timer));
  };
}

export const well = respond('200 OK');

/** A collector on 127.0.0.1 whose every byte the test chooses. */
export class PushCollector {
  /** What it does with the pushes from now on. */
  behaviour: Behaviour = well;
  readonly pushes: Push[] = [];
  /** The connections that are open. */
  readonly open = new Set<Socket>();
  readonly port: number;
  readonly url: string;
  /** Stops listening, and ends every connection. */
  readonly close: () => Promise<void>;

  private constructor(port: number, url: string, close: () => Promise<void>) {
    this.port = port;
    this.url = url;
    this.close = close;
  }

  /** Listens until the test has finished. */
  static async start({ tls, port = 0 }: { tls?: Certificate; port?: number } = {}) {
    const server = tls
      ? createTlsServer({
          cert: tls.certificate,
          key: tls.key,
          requestCert: true,
          rejectUnauthorized: false,
        })
      : createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const bound = (server.address() as AddressInfo).port;
    const close = async () => {
      for (const socket of collector.open) socket.destroy();
      await new Promise((closed) => server.close(closed));
    };
    const url = `${tls ? 'https' : 'http'}://127.0.0.1:${bound}`;
    const collector = new PushCollector(bound, url, close);
    server.on('connection', (socket: Socket) => {
      collector.open.add(socket);
      socket.on('error', () => {}).on('close', () => collector.open.delete(socket));
    });
    server.on('tlsClientError', () => {});
    server.on('request', (request: IncomingMessage) => collector.#take(request));
    onTestFinished(close);
    return collector;
  }

  async #take(request: IncomingMessage): Promise<void> {
    request.socket.on('error', () => {});
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // The push was cut off.
    }
    const { subject } = (request.socket as Partial<TLSSocket>).getPeerCertificate?.() ?? {};
    this.pushes.push({
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('latin1'),
      client: typeof subject?.CN === 'string' ? subject.CN : undefined,
    });
    this.behaviour(request.socket);
  }
}
