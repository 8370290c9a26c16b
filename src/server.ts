import { readFileSync } from 'node:fs';
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type RequestListener,
} from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { posix } from 'node:path';
import { createSecureContext } from 'node:tls';
import Koa, { type Context } from 'koa';
import { Connections, clientOf } from './connections.ts';
import { onFileChange } from './follow-file.ts';
import type { Page } from './pages/page.ts';
import { RateLimiter } from './rate-limiter.ts';
import { guardRequests, MAX_HEADERS_KEPT } from './request-guard.ts';
import { limitClientTls } from './tls-limit.ts';

/** Timeouts for the head of a request and for the whole request, in milliseconds. */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  // How often Node looks for those that take longer; by default only twice a minute.
  connectionsCheckingInterval: 1_000,
  // Bytes of a request's head: that of a neighbour has two segments of 9,000 bytes.
  maxHeaderSize: 24 * 1024,
};

/** Idle timeout of a connection, for example if the client does not read the response, in milliseconds. */
const IDLE_TIMEOUT_MS = 30_000;

/** Timeout of a response, in milliseconds: a client that reads slowly holds memory. */
const RESPONSE_TIMEOUT_MS = 15_000;

/**
 * Connections at once: a neighbour's check takes one, for a moment. The kernel's send buffer of one whose client does not
 * read holds 70 KB of `/metrics`, up to all of it (210 KB with ten neighbours), and counts against the memory limit of the pod
 * (192 MiB). One over HTTPS takes 53 KB more (measured).
 */
const MAX_HTTP = 500;
const MAX_HTTPS = 250;

/** Listen backlog: beyond it, clients repeat their SYN after a second. */
const BACKLOG = 2_048;

/**
 * Limit of requests and of new connections: 500 per second take a seventh of a CPU. What waits for a window is served in one
 * go, of which a neighbour's request in the meantime waits for some milliseconds.
 */
const PACE = { window: 20, budget: 10 };

/** Limit of TLS handshakes, 50 per second, which take a millisecond or more each. */
const TLS_PACE = { window: 100, budget: 5 };

/** Timeout of the TLS handshake, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** How long responses in flight may take at shutdown, in milliseconds. */
const DRAIN_TIMEOUT_MS = 1_000;

export type ServerOptions = Readonly<{
  /** Undefined: every address, IPv6 and IPv4. */
  address: string | undefined;
  port: number;
  tls: Readonly<{ port: number; certFile: string; keyFile: string }> | undefined;
  /** The one table of pages, by path. */
  pages: Readonly<Record<string, Page>>;
  /** Called with errors of requests, and with certificates that cannot be loaded. */
  onError: (error: Error, message: string) => void;
}>;

/** A running server: its addresses, and `close()`. */
export type RunningServer = Readonly<{
  http: AddressInfo;
  https: AddressInfo | undefined;
  close: () => Promise<void>;
}>;

/** The program's pages as a Koa application. */
function createApp(pages: Readonly<Record<string, Page>>, onError: ServerOptions['onError']): Koa {
  const app = new Koa();
  app.on('error', (error: Error, context: Context) => {
    // A client that is gone, or that goes on with what is not HTTP, fails its connection, not the page.
    const { code } = error as NodeJS.ErrnoException;
    const isOfClient = context.socket.errored === error || code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (!isOfClient) onError(error, 'cannot serve a request');
  });
  const pageAt = (path: string) => (Object.hasOwn(pages, path) ? pages[path] : undefined);
  app.use(async (context) => {
    limitResponseTime(context);
    const { path } = context;
    const page = pageAt(path);
    if (page !== undefined) {
      await serve(page, context);
    } else if (pageAt(cleanPath(path)) !== undefined) {
      context.status = 301;
      context.redirect(`${cleanPath(path)}${context.search}`);
    } else {
      context.status = 404;
    }
  });
  return app;
}

async function serve(page: Page, context: Context): Promise<void> {
  if (context.method !== 'GET' && context.method !== 'HEAD') {
    context.status = 405;
    context.set('Allow', 'GET, HEAD');
  } else if ('rawHandler' in page) {
    context.respond = false;
    page.rawHandler(context.req, context.res);
  } else {
    await page(context);
  }
}

/** Serves pages through Koa, except a plain `GET` of a raw page, as neighbours and kubelet send it. */
function createListener({ pages, onError }: ServerOptions): RequestListener {
  const koa = createApp(pages, onError).callback();
  const serve: RequestListener = (request, response) => {
    const { method, url = '' } = request;
    const page = method === 'GET' && Object.hasOwn(pages, url) ? pages[url] : undefined;
    if (page !== undefined && 'rawHandler' in page) return page.rawHandler(request, response);
    const plain = plainTarget(url);
    if (plain === undefined) return void response.writeHead(400).end();
    request.url = plain;
    koa(request, response);
  };
  const pace = new RateLimiter(PACE);
  return (request, response) => {
    const { socket } = request;
    pace.admit({
      client: clientOf(socket),
      isGone: () => socket.destroyed,
      serve: () => serve(request, response),
    });
  };
}

/** Without doubled and trailing slashes and dots; Go's ServeMux redirects there, too, and upstream's users follow. */
function cleanPath(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, '');
}

/** Closes the connection of a client that does not read its response in time. */
function limitResponseTime({ req, res }: Context): void {
  const timer = setTimeout(() => req.socket.destroy(), RESPONSE_TIMEOUT_MS);
  res.once('close', () => clearTimeout(timer));
}

/**
 * The path and query of a request's target, which may be an absolute URL (RFC 9112, section 3.2.2); undefined if it cannot
 * be read. Koa reads whatever is not plain with `url.parse()`, of which Node warns in the log.
 */
function plainTarget(target: string): string | undefined {
  if (/^\/[!-"$-~]*$/.test(target)) return target;
  const url = URL.parse(target, 'http://localhost');
  return url?.pathname.startsWith('/') ? `${url.pathname}${url.search}` : undefined;
}

/** Serves the pages over HTTP, and over HTTPS if configured. Rejects when a port or the certificate cannot be used. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const listener = createListener(options);
  const http = createHttpServer(TIMEOUTS, listener);
  const servers: (HttpServer | HttpsServer)[] = [http];
  // Those in a TLS handshake as well, of which `closeAllConnections()` knows nothing.
  const connections = { http: new Connections(MAX_HTTP), https: new Connections(MAX_HTTPS) };
  let unfollow = () => {};
  const close = async () => {
    unfollow();
    const destroyAll = () => {
      for (const each of Object.values(connections)) each.destroyAll();
    };
    const last = setTimeout(destroyAll, DRAIN_TIMEOUT_MS);
    await Promise.all(servers.map(closeServer));
    clearTimeout(last);
    // Those that wait to be served, of which the servers know nothing.
    destroyAll();
  };
  try {
    await listen(http, options.address, options.port);
    connections.http.admitTo(http, new RateLimiter(PACE), guardRequests);
    if (options.tls === undefined) return { http: addressOf(http), https: undefined, close };

    const https = createHttpsServer(
      { ...TIMEOUTS, handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
      listener,
    );
    servers.push(https);
    https.on('secureConnection', guardRequests).on('secureConnection', limitClientTls);
    unfollow = followCertificate(https, options.tls, options.onError);
    await listen(https, options.address, options.tls.port);
    connections.https.admitTo(https, new RateLimiter(TLS_PACE), () => {});
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
    // It stays after that: an accept that fails once must not end the program.
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

function addressOf(server: HttpServer | HttpsServer): AddressInfo {
  return server.address() as AddressInfo;
}

/** Reads a certificate and its key. Throws, naming both files, if they cannot be used together. */
export function readKeyPair({
  certFile,
  keyFile,
}: Readonly<{ certFile: string; keyFile: string }>) {
  try {
    const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(`cannot use the certificate ${certFile} with the key ${keyFile}: ${message}`, {
      cause,
    });
  }
}

/** Loads the certificate, and reloads it when a file changes; keeps the previous one if that fails. Throws if the first load fails. */
function followCertificate(
  server: HttpsServer,
  files: Readonly<{ certFile: string; keyFile: string }>,
  onError: ServerOptions['onError'],
): () => void {
  server.setSecureContext(readKeyPair(files));
  const reload = () => {
    try {
      server.setSecureContext(readKeyPair(files));
    } catch (error) {
      const { cause } = error as Error;
      onError(cause as Error, 'cannot load the changed certificate; keeping the previous one');
    }
  };
  const unfollow = [files.certFile, files.keyFile].map((file) => onFileChange(file, reload));
  return () => {
    for (const stop of unfollow) stop();
  };
}

/** Stops listening. Resolves when the last connection is closed. */
function closeServer(server: HttpServer | HttpsServer): Promise<void> {
  return new Promise((resolve) => {
    // The callback's error says that it was not listening.
    server.close(() => resolve());
  });
}
