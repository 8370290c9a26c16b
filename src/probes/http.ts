import { STATUS_CODES } from 'node:http';
import { printable } from '../printable.ts';
import type { Outcome, Probe } from '../probe.ts';
import { type Connection, type Network, openConnection } from './connection.ts';
import { type Answer, exchange } from './exchange.ts';
import { failure } from './failure.ts';
import type { IdleConnections } from './idle-connections.ts';
import { Progress } from './progress.ts';
import type { ResponseHead } from './response.ts';

/** As many as Go's client, and so upstream, follows. */
const MOST_REDIRECTS = 10;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** How much is shown of a status line's reason, in characters: it comes from the network. */
const MAX_REASON = 100;

type Headers = Readonly<Record<string, string>>;

/** How HTTP targets are asked. */
export type HttpOptions = Network &
  Readonly<{
    userAgent: string;
    /** Where connections wait for their next request. Without it each request has one of its own. */
    idle?: IdleConnections | undefined;
    /** Further header fields of the request to the target itself, not of those that a redirect leads to. */
    headers?: Headers;
    /**
     * The value of `Authorization`, asked for before the clock starts; never rejects. It goes to the target itself,
     * not where a redirect leads, and only over a connection whose certificate was verified.
     */
    authorization?: () => Promise<string | undefined>;
  }>;

/**
 * A probe that sends a `GET` over a socket of its own, and has its answer when the response's head has come.
 * Redirects are followed: the timings are those of the last request, the duration that of all.
 */
export function createHttpProbe(options: HttpOptions): Probe {
  return async (target, signal) => {
    const authorization = await options.authorization?.();
    let start: number | undefined;
    let url = target.url;
    for (let redirects = 0; ; redirects++) {
      const isTarget = redirects === 0;
      const head = (connection: Connection) =>
        requestHead(url, {
          'User-Agent': options.userAgent,
          Connection: options.idle ? 'keep-alive' : 'close',
          ...(isTarget ? { ...options.headers, ...basicAuthorization(url) } : {}),
          ...(isTarget && authorization !== undefined && connection.verified
            ? { Authorization: authorization }
            : {}),
        });
      const attempt = { progress: new Progress() };
      try {
        const response = await request(url, head, options, attempt, signal);
        start ??= attempt.progress.start;
        const next = redirectedTo(response, url);
        if (next === undefined) {
          return answered(response, attempt.progress, (response.receivedAt - start) / 1000);
        }
        if (redirects === MOST_REDIRECTS) throw new Error(`more than ${MOST_REDIRECTS} redirects`);
        url = next;
      } catch (cause) {
        const { phase, timings } = attempt.progress;
        return { kind: 'failed', phase, error: failure(phase, url, cause), timings };
      }
    }
  };
}

/** One request over an idle connection where there is one, else over a new one. */
async function request(
  url: URL,
  head: (connection: Connection) => string,
  options: HttpOptions,
  attempt: { progress: Progress },
  signal: AbortSignal,
): Promise<Answer> {
  const idle = options.idle?.take(url.origin);
  if (idle !== undefined) {
    attempt.progress.reached('got_conn');
    try {
      return await ask(idle);
    } catch (error) {
      // The other side closed the idle connection just as we used it, which is no failure of the path
      // (RFC 9112, section 9.3.1).
      if (signal.aborted || attempt.progress.timings.got_first_resp_byte !== undefined) throw error;
      attempt.progress = new Progress();
    }
  }
  return ask(await openConnection(url, options, attempt.progress, signal));

  async function ask(connection: Connection): Promise<Answer> {
    const { socket } = connection;
    try {
      const response = await exchange(socket, head(connection), attempt.progress, signal);
      if (options.idle && isWhole(response)) options.idle.keep(url.origin, connection);
      else socket.destroySoon();
      return response;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }
}

function requestHead(url: URL, headers: Headers): string {
  const lines = [`GET ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function basicAuthorization({ username, password }: URL): Headers {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/** Where the response sends us, or `undefined` when it is an answer. Throws where we cannot go. */
function redirectedTo({ status, headers }: ResponseHead, from: URL): URL | undefined {
  const location = headers.get('location');
  // An empty one is none, to Go.
  if (!REDIRECTS.has(status) || !location) return undefined;
  const next = URL.parse(location, from.href);
  if (next?.protocol !== 'http:' && next?.protocol !== 'https:') {
    throw new Error(`a redirect to no http or https URL (status ${status})`);
  }
  return next;
}

/** Whether nothing of the response is left to come, so that its connection can carry another request. */
function isWhole({ headers, body }: ResponseHead): boolean {
  return (
    headers.get('content-length') === String(body.length) &&
    !headers.has('transfer-encoding') &&
    headers.get('connection')?.toLowerCase() !== 'close'
  );
}

function answered(
  { status, reason }: ResponseHead,
  { timings }: Progress,
  duration: number,
): Outcome {
  if (status === 200) return { kind: 'ok', status, duration, timings };
  const shown = printable(reason, MAX_REASON) || (STATUS_CODES[status] ?? '');
  return { kind: 'unexpected-status', status, reason: shown, duration, timings };
}
