import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { IngressFault } from '../parts/faults.ts';
import type { Backend } from '../parts/parts.ts';
import type { Certificate, CertificateAuthority } from '../support/certificates.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** Timeout of a backend, after which the response is 504. */
const BACKEND_LIMIT_MS = 30_000;

/** The only path that the ingress publishes (contract: never `/alive` or `/metrics`). */
const PUBLISHED_PATH = '/alwayshappy';

/**
 * A TLS reverse proxy for one host, like an ingress controller. It rotates through its backends,
 * and responds with 404 to anything not published, with 503 if there is no backend, and with 502 if
 * a backend fails.
 */
export class Ingress {
  readonly #host: string;
  readonly #backends: () => readonly Backend[];
  readonly #certificates: Readonly<{ right: Certificate; wrong: Certificate }>;
  readonly #server: Server;
  #proxy!: TcpProxy;
  #status: number | undefined;
  #turn = 0;
  readonly #inFlight: Backend[] = [];

  private constructor(
    host: string,
    backends: () => readonly Backend[],
    certificates: { right: Certificate; wrong: Certificate },
  ) {
    this.#host = host;
    this.#backends = backends;
    this.#certificates = certificates;
    this.#server = createServer(contextOf(certificates.right), (incoming, response) =>
      this.#respond(incoming, response),
    );
  }

  /** Rejects if it cannot listen on the address. `authority` signs the certificate it presents. */
  static async start(options: {
    address: string;
    port: number;
    host: string;
    authority: CertificateAuthority;
    backends: () => readonly Backend[];
  }): Promise<Ingress> {
    const issue = (name: string) => options.authority.issue({ commonName: name, dnsNames: [name] });
    const [right, wrong] = await Promise.all([issue(options.host), issue('another.example.test')]);
    const ingress = new Ingress(options.host, options.backends, { right, wrong });
    const behind = await ingress.#listenBehind(options.address);
    try {
      ingress.#proxy = await TcpProxy.start({ ...options, backends: () => [behind] });
    } catch (error) {
      ingress.#server.close();
      throw error;
    }
    return ingress;
  }

  get port(): number {
    return this.#proxy.port;
  }

  /** Replaces the current fault; `undefined` heals. Resolves once it is in effect. */
  async break(fault: IngressFault | undefined): Promise<void> {
    const wrong = fault?.kind === 'wrong-certificate';
    this.#server.setSecureContext(contextOf(this.#certificates[wrong ? 'wrong' : 'right']));
    this.#status = fault?.kind === 'status' ? fault.code : undefined;
    await this.#proxy.break(
      fault?.kind === 'wrong-certificate' || fault?.kind === 'status' ? undefined : fault,
    );
  }

  /** How many requests are in flight to the backend at `address`. */
  connectionsTo(address: string): number {
    return this.#inFlight.filter((backend) => backend.address === address).length;
  }

  /** Stops listening and cuts the open connections. */
  async close(): Promise<void> {
    await this.#proxy.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #listenBehind(address: string): Promise<Backend> {
    this.#server.listen({ host: address, port: 0 });
    await once(this.#server, 'listening');
    return { address, port: (this.#server.address() as AddressInfo).port };
  }

  #respond(incoming: IncomingMessage, response: ServerResponse): void {
    const backends = this.#backends();
    const backend = backends[this.#turn++ % backends.length];
    const refusal = this.#status ?? this.#refusal(incoming);
    if (refusal === undefined && backend) this.#forward(incoming, response, backend);
    else end(response, refusal ?? 503);
  }

  #refusal(incoming: IncomingMessage): number | undefined {
    const host = incoming.headers.host?.split(':')[0];
    const path = incoming.url?.split('?')[0];
    return host === this.#host && path === PUBLISHED_PATH ? undefined : 404;
  }

  #forward(incoming: IncomingMessage, response: ServerResponse, backend: Backend): void {
    const outgoing = request({
      host: backend.address,
      port: backend.port,
      method: incoming.method,
      path: incoming.url,
      headers: { ...incoming.headers, connection: 'close' },
      agent: false,
      timeout: BACKEND_LIMIT_MS,
    });
    this.#inFlight.push(backend);
    outgoing.on('close', () => this.#inFlight.splice(this.#inFlight.indexOf(backend), 1));
    outgoing.on('response', (backendResponse) => {
      const { connection: _, 'keep-alive': __, ...headers } = backendResponse.headers;
      response.writeHead(backendResponse.statusCode ?? 502, headers);
      backendResponse.pipe(response);
    });
    outgoing.on('timeout', () => {
      end(response, 504);
      outgoing.destroy();
    });
    outgoing.on('error', () => end(response, 502));
    response.on('close', () => outgoing.destroy());
    incoming.on('error', () => outgoing.destroy());
    incoming.pipe(outgoing);
  }
}

function contextOf({ certificate, key }: Certificate): { cert: string; key: string } {
  return { cert: certificate, key };
}

/** Responds with nothing but a status; cuts a response that has already begun. */
function end(response: ServerResponse, status: number): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status).end();
}
