import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { posix } from 'node:path';
import Koa, { type Context } from 'koa';
import { type Page, RAW_TYPE, type RawPage } from './pages/page.ts';
import { redirectTo } from './pages/redirect.ts';

/** Timeout of a response, in milliseconds: a client that reads slowly holds memory. */
const RESPONSE_TIMEOUT_MS = 15_000;

/** Called with errors of requests that are not the client's fault. */
type OnError = (error: Error, message: string) => void;

/** The program's pages as a Koa application. */
function createApp(pages: Readonly<Record<string, Page>>, onError: OnError): Koa {
  const app = new Koa();
  app.on('error', (error: Error, context: Context) => {
    // A client that disconnects, or continues with something other than HTTP, fails its connection,
    // not the page. If it has also reset the connection, `errored` is the failure to write the
    // response to what the parser rejected.
    const { code = '' } = error as NodeJS.ErrnoException;
    const isOfClient =
      context.socket.errored === error || /^(HPE_|ERR_STREAM_PREMATURE_CLOSE$)/.test(code);
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
      redirectTo(context, `${cleanPath(path)}${context.search}`);
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
  } else if ('respond' in page) {
    context.respond = false;
    respondRaw(page, context.req, context.res);
  } else {
    await page(context);
  }
}

function respondRaw(page: RawPage, request: IncomingMessage, response: ServerResponse): void {
  const { status, body } = page.respond(request.headers);
  response
    .writeHead(status, { 'Content-Type': RAW_TYPE, 'Content-Length': body.length })
    .end(body, 'latin1');
}

/** Serves the pages by path: a `GET` of a raw page's exact path directly, all else through Koa. */
export function createRequestListener(
  pages: Readonly<Record<string, Page>>,
  onError: OnError,
): RequestListener {
  const koa = createApp(pages, onError).callback();
  return (request, response) => {
    const { method, url = '' } = request;
    const page = method === 'GET' && Object.hasOwn(pages, url) ? pages[url] : undefined;
    if (page !== undefined && 'respond' in page) return respondRaw(page, request, response);
    const plain = plainTarget(url);
    if (plain === undefined) return void response.writeHead(400).end();
    request.url = plain;
    koa(request, response);
  };
}

/**
 * The path without doubled or trailing slashes and dot segments. Go's ServeMux redirects there as
 * well, and upstream's users follow the redirect.
 */
function cleanPath(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, '');
}

/** Closes the connection of a client that does not read its response in time. */
function limitResponseTime({ req, res }: Context): void {
  const timer = setTimeout(() => req.socket.destroy(), RESPONSE_TIMEOUT_MS);
  res.once('close', () => clearTimeout(timer));
}

/**
 * The path and query of a request's target, which may be an absolute URL (RFC 9112, section 3.2.2);
 * undefined if it cannot be read. Koa reads any target that is not plain with `url.parse()`, for
 * which Node logs a warning.
 */
function plainTarget(target: string): string | undefined {
  if (/^\/[!-"$-~]*$/.test(target)) return target;
  const url = URL.parse(target, 'http://localhost');
  return url?.pathname.startsWith('/') ? `${url.pathname}${url.search}` : undefined;
}
