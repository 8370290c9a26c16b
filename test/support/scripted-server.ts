import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { Certificate } from '../../lab/support/certificates.ts';
import { toUrlHost } from '../../src/url-host.ts';

/** What to do with a request; `nth` counts those of the connection, from 1. */
export type Script = (socket: Socket, request: string, nth: number) => void;

/** A complete response. */
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Writes the text, and leaves the connection open. */
export function say(text: string): Script {
  return (socket) => void socket.write(text);
}

/** Writes the text, then closes the connection. */
export function sayAndClose(text: string): Script {
  return (socket) => void socket.end(text);
}

/** Writes the text, then resets the connection. */
export function sayAndReset(text: string): Script {
  return (socket) => void socket.write(text, () => reset(socket));
}

/** Writes the text again and again while the connection lasts. */
export function pour(text: string): Script {
  return (socket) => pourInto(socket, text);
}

/** Writes the text again and again while the connection lasts. */
export function pourInto(socket: Socket, text: string): void {
  const more = () => {
    while (!socket.destroyed && socket.write(text)) {}
  };
  socket.on('drain', more);
  more();
}

/** The TCP connection below each TLS connection. */
const below = new WeakMap<Socket, Socket>();

/** Resets the connection, or the one below TLS, which has no reset. */
export function reset(socket: Socket): void {
  (below.get(socket) ?? socket).resetAndDestroy();
}

/** A server whose every byte the test chooses, so that it can respond as no HTTP library would. */
export class ScriptedServer {
  readonly host: string;
  readonly port: number;
  /** The heads of the requests so far. */
  readonly requests: string[] = [];
  /** How many connections it has accepted so far. */
  accepted = 0;
  /** The connections that are open. */
  readonly open = new Set<Socket>();
  readonly #scheme: string;

  private constructor(host: string, port: number, scheme: string) {
    this.host = host;
    this.port = port;
    this.#scheme = scheme;
  }

  /**
   * Listens until the test has finished. Calls `onAccept` before the TLS handshake, `onConnection`
   * after it.
   */
  static async start(
    options: {
      host?: string;
      port?: number;
      tls?: Certificate;
      script?: Script;
      onAccept?: (socket: Socket) => void;
      onConnection?: (socket: Socket) => void;
    } = {},
  ): Promise<ScriptedServer> {
    const { host = '127.0.0.1', port = 0, tls, script = say(OK), onAccept, onConnection } = options;
    const server = tls ? createTlsServer({ cert: tls.certificate, key: tls.key }) : createServer();
    server.listen(port, host);
    await once(server, 'listening');
    const bound = server.address() as AddressInfo;
    const scripted = new ScriptedServer(host, bound.port, tls ? 'https' : 'http');
    server.on('connection', (socket: Socket) => {
      scripted.accepted++;
      scripted.open.add(socket);
      socket.on('error', () => {}).on('close', () => scripted.open.delete(socket));
      onAccept?.(socket);
    });
    server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      socket.on('error', () => {});
      const tcp = [...scripted.open].find(({ remotePort }) => remotePort === socket.remotePort);
      if (tcp) below.set(socket, tcp);
      onConnection?.(socket);
      scripted.#converse(socket, script);
    });
    onTestFinished(async () => {
      for (const socket of scripted.open) socket.destroy();
      await new Promise((closed) => server.close(closed));
    });
    return scripted;
  }

  /** A URL of this server, with `host` instead of its address if given. */
  url(path = '/', host = this.host): URL {
    return new URL(`${this.#scheme}://${toUrlHost(host)}:${this.port}${path}`);
  }

  #converse(socket: Socket, script: Script): void {
    let received = '';
    let nth = 0;
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
        const request = received.slice(0, end);
        received = received.slice(end + 4);
        this.requests.push(request);
        script(socket, request, ++nth);
      }
    });
  }
}
