import type { Signal } from '../model.ts';
import type { Connection, Network } from './connection.ts';
import { exchange, type Headers, type HttpResponse } from './exchange.ts';
import { MAX_PADDING, PADDING_HEADER, padding } from './full-size.ts';
import type { HttpVersions } from './http-versions.ts';
import { exchangeHttp2 } from './http2-exchange.ts';
import type { IdleConnections } from './idle-connections.ts';
import type { Progress } from './progress.ts';
import type { ResponseHead } from './response.ts';

/** Options for making a request. */
export type RequestOptions = Network &
  Readonly<{
    /** Keeps connections for the next request. Without it, each request opens a new connection. */
    idle?: IdleConnections | undefined;
    /**
     * Send more than two full segments over HTTP/1.1; a target that supports it sends as many back.
     */
    isFullSize?: boolean;
    /**
     * Wait for a body of at most this many bytes; longer ones, and those of HTTP/2, are not read.
     * Default: none, except with `isFullSize`.
     */
    maxBody?: number;
  }>;

/** A request in flight. `isRedirected`: a redirect led to it. */
export type Attempt = { progress: Progress; readonly isRedirected: boolean };

/**
 * Sends one `GET` over an idle connection if there is one, otherwise over a new one; those of
 * HTTP/2 are not kept. `attempt.progress` is that of the last connection tried. Rejects with the
 * error, or with the signal's reason.
 */
export async function request(
  url: URL,
  headers: (connection: Connection) => Headers,
  options: RequestOptions,
  versions: HttpVersions,
  attempt: Attempt,
  signal: Signal,
): Promise<HttpResponse> {
  const idle = options.idle?.take(url.origin);
  if (idle !== undefined) {
    attempt.progress.tcp.reused(idle.socket);
    attempt.progress.clock.reading(idle.transport);
    attempt.progress.reached('got_conn');
    try {
      return await send(idle);
    } catch (error) {
      // The peer closed the idle connection just as it was reused, which is not a failure of the
      // path (RFC 9112, section 9.3.1).
      if (signal.aborted || attempt.progress.timings.got_first_resp_byte !== undefined) throw error;
      attempt.progress = attempt.progress.next();
    }
  }
  return send(await versions.open(url, options, attempt, signal));

  async function send(connection: Connection): Promise<HttpResponse> {
    const { socket } = connection;
    const { tcp } = attempt.progress;
    try {
      const fields = headers(connection);
      if (connection.isHttp2) {
        const response = await exchangeHttp2(socket, url, fields, attempt.progress, signal);
        tcp.done(socket);
        socket.destroySoon();
        return response;
      }
      const head = requestHead(url, {
        Connection: options.idle ? 'keep-alive' : 'close',
        ...fields,
        ...(options.isFullSize ? { [PADDING_HEADER]: padding(tcp.mss) } : {}),
      });
      const maxBody = options.maxBody ?? (options.isFullSize ? MAX_PADDING : 0);
      const response = await exchange(socket, head, attempt.progress, signal, maxBody);
      tcp.done(socket);
      if (options.idle && isWhole(response)) {
        options.idle.keep(url.origin, connection, attempt.isRedirected);
      } else {
        socket.destroySoon();
      }
      return response;
    } catch (error) {
      tcp.done(socket);
      socket.destroy();
      throw error;
    }
  }
}

function requestHead(url: URL, headers: Headers): string {
  const lines = [`GET ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  // Joined with the rest: appending to the string would copy the padding.
  lines.push('', '');
  return lines.join('\r\n');
}

/** Whether the response is complete, so that its connection can carry another request. */
function isWhole({ status, headers, body }: ResponseHead): boolean {
  return (
    status !== 101 &&
    headers.get('content-length') === String(body.length) &&
    !headers.has('transfer-encoding') &&
    headers.get('connection')?.toLowerCase() !== 'close'
  );
}
