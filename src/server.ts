import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Connections } from './connections.ts';
import { createFloodFilter, type FloodFilter } from './flood-filter.ts';
import { createOrphanLook } from './orphans.ts';
import type { Page } from './pages/page.ts';
import { answerPlainRequests } from './plain-server.ts';
import { type RateLimit, RateLimiter, type Serving } from './rate-limiter.ts';
import { guardRequests, MAX_HEAD, MAX_HEADERS_KEPT } from './request-guard.ts';
import { createReadHeads } from './request-heads.ts';
import { createRequestListener } from './request-listener.ts';
import { followCertificate, type KeyPairFiles } from './server-certificate.ts';
import { createSocketLimits, type SocketLimits } from './socket-limits.ts';
import { limitClientTls } from './tls-limit.ts';

/** Limits of a request: timeouts in milliseconds, and the size of its head in bytes. */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  // How often Node looks for requests that take longer; by default only twice a minute.
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: MAX_HEAD,
  // Between two requests, as in upstream. An ingress controller or Prometheus must close idle
  // connections first (nginx after 60 s, Go clients after 90 s): a request that races with the
  // close of its connection fails, and a check with it.
  keepAliveTimeout: 120_000,
};

/**
 * Idle timeout of a connection during a request, in milliseconds, for example if the client does
 * not read the response.
 */
const IDLE_TIMEOUT_MS = 30_000;

/**
 * Maximum connections at once: a neighbour's check takes one, for a moment. The kernel's send
 * buffer of one whose client does not read holds up to 128 KB (`socket-limits.ts`), and counts
 * against the pod's memory limit (192 MiB). One over HTTPS takes 53 KB more (measured).
 */
const MAX_HTTP = 250;
const MAX_HTTPS = 150;

/** Listen backlog: beyond it, clients retransmit their SYN after a second. */
const BACKLOG = 2_048;

/**
 * Limit of requests and of new connections, 250 per second: many more than Prometheus, kubelet and
 * an ingress controller send. Windows are short because everything that waits for one is served in
 * one go, and a neighbour's request in the meantime waits for it. Kubelet sends two requests at
 * once.
 */
const PACE: RateLimit = { window: 8, budget: 2, burst: 2 };

/** Limit of TLS handshakes, 50 per second, which take a millisecond or more each. */
const TLS_PACE: RateLimit = { window: 20, budget: 1, burst: 1 };

/** Timeout of the TLS handshake, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** How long responses in flight may take at shutdown, in milliseconds. */
const DRAIN_TIMEOUT_MS = 1_000;

export type ServerOptions = Readonly<{
  /** Undefined: every address, IPv6 and IPv4. */
  address: string | undefined;
  port: number;
  tls: (KeyPairFiles & Readonly<{ port: number }>) | undefined;
  /** The pages, by path. */
  pages: Readonly<Record<string, Page>>;
  serving: Serving;
  /**
   * Called on request errors, floods of connections, and failures to load a certificate or to bound
   * the kernel's memory.
   */
  onError: (error: Error, message: string) => void;
}>;

/** A running server: its addresses, and `close()`. */
export type RunningServer = Readonly<{
  http: AddressInfo;
  https: AddressInfo | undefined;
  close: () => Promise<void>;
}>;

/**
 * Serves the pages over HTTP, and over HTTPS if configured. Rejects if a port or the certificate
 * cannot be used.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { onError, serving } = options;
  const pace = new RateLimiter(PACE, serving);
  const readHeads = createReadHeads(pace, LIMITS.headersTimeout);
  const listener = createRequestListener(options.pages, onError);
  const { filterFloods, ...limits } = await socketLimits(onError);
  const http = createHttpServer(LIMITS, listener);
  http.on('timeout', closeIdle);
  answerPlainRequests(http, options.pages, readHeads);
  const servers: (HttpServer | HttpsServer)[] = [http];
  // Including those in a TLS handshake, which `closeAllConnections()` does not know about.
  const calls = { ...limits, hasManyOrphans: createOrphanLook() };
  const connections = {
    http: new Connections(MAX_HTTP, calls, filterFloods),
    https: new Connections(MAX_HTTPS, calls, filterFloods),
  };
  let unfollow = () => {};
  const close = async () => {
    unfollow();
    const all = Object.values(connections);
    const destroyAll = () => {
      for (const each of all) each.destroyAll();
    };
    for (const each of all) each.endIdle();
    const last = setTimeout(destroyAll, DRAIN_TIMEOUT_MS);
    await Promise.all(servers.map(closeServer));
    clearTimeout(last);
    // Those that wait to be served, which the servers do not know about.
    destroyAll();
  };
  try {
    await listen(http, options.address, options.port);
    limits.limit(http);
    connections.http.admitTo(http, new RateLimiter(PACE, serving));
    if (options.tls === undefined) return { http: addressOf(http), https: undefined, close };

    const https = createHttpsServer(
      { ...LIMITS, handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
      listener,
    );
    servers.push(https);
    https.on('secureConnection', (socket) => readHeads(socket, guardRequests(socket)));
    https.on('secureConnection', limitClientTls);
    unfollow = followCertificate(https, options.tls, onError);
    await listen(https, options.address, options.tls.port);
    limits.limit(https);
    connections.https.admitTo(https, new RateLimiter(TLS_PACE, serving));
    return { http: addressOf(http), https: addressOf(https), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function listen(
  server: HttpServer | HttpsServer,
  address: string | undefined,
  port: number,
): Promise<void> {
  server.maxHeadersCount = MAX_HEADERS_KEPT;
  server.timeout = IDLE_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    // The listener stays after the start: a failed accept must not end the program.
    server.on('error', (cause) => {
      const where = address === undefined ? `port ${port}` : `${address} port ${port}`;
      reject(new Error(`cannot listen on ${where}: ${cause.message}`, { cause }));
    });
    server.listen(
      { port, backlog: BACKLOG, ...(address === undefined ? {} : { host: address }) },
      resolve,
    );
  });
}

/**
 * If the kernel does not accept such options, reports that and does without: what the kernel keeps
 * of connections is then unbounded.
 */
async function socketLimits(
  onError: ServerOptions['onError'],
): Promise<SocketLimits & { filterFloods: FloodFilter }> {
  const tell = (error: unknown) =>
    onError(error as Error, 'cannot limit what the kernel keeps of connections');
  try {
    const limits = await createSocketLimits();
    const limit: SocketLimits['limit'] = (server) => {
      try {
        limits.limit(server);
      } catch (error) {
        tell(error);
      }
    };
    const onFlood = (sentence: string) => onError(new Error(sentence), 'flood of connections');
    return { ...limits, limit, filterFloods: await createFloodFilter(onFlood) };
  } catch (error) {
    tell(error);
    const none = () => {};
    return {
      limit: none,
      acceptNext: () => -1,
      sendFin: none,
      resetAtClose: none,
      filterFloods: () => () => false,
    };
  }
}

function addressOf(server: HttpServer | HttpsServer): AddressInfo {
  return server.address() as AddressInfo;
}

/** Closes an idle connection: with a FIN, unless the client does not read. */
function closeIdle(socket: Socket): void {
  if (socket.writableLength > 0) socket.destroy();
  else socket.destroySoon();
}

/** Stops listening. Resolves when the last connection is closed. */
function closeServer(server: HttpServer | HttpsServer): Promise<void> {
  return new Promise((resolve) => {
    // The callback's error only means that the server was not listening.
    server.close(() => resolve());
  });
}
