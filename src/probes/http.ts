import { STATUS_CODES } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { CAUSES, type Outcome, type Probe, type Target, type Traits } from '../model.ts';
import { printable } from '../printable.ts';
import { CheckClock } from './check-clock.ts';
import type { Connection } from './connection.ts';
import type { Headers } from './exchange.ts';
import { failure } from './failure.ts';
import { HttpVersions } from './http-versions.ts';
import type { Kind, ProbeOptions } from './kind.ts';
import { errorEventOf, traitsOf } from './phases.ts';
import { Progress } from './progress.ts';
import { mayReceiveSecrets, RedirectLimit, redirectedTo } from './redirect.ts';
import { request } from './request.ts';
import type { ResponseHead } from './response.ts';
import { TcpAccount } from './tcp-account.ts';

/** How many characters of a status line's reason are shown: it comes from the network. */
const MAX_REASON = 100;

/** The statuses of a proxy that cannot reach what is behind it. */
const PROXY_STATUSES = [404, 500, 502, 503, 504];

/**
 * What is known about a check of an http or https URL. `statuses`: those besides 200 that a target
 * of this kind is known to respond with.
 */
export function httpTraits(url: URL, statuses: readonly number[] = PROXY_STATUSES): Traits {
  const handshake = url.protocol === 'https:' ? (['handshake'] as const) : [];
  const traits = traitsOf(url, ['resolve', 'connect', ...handshake, 'request', 'response']);
  return {
    ...traits,
    errorEvents: [...traits.errorEvents, ...statuses.map(statusEvent)],
    causes: CAUSES.filter((cause) => cause === 'status' || traits.causes.includes(cause)),
    code: '200',
  };
}

/** Checks of http URLs. */
export const HTTP: Kind = {
  form: 'http://host/path',
  read: readUrl,
  traits: httpTraits,
  createProbe: createHttpProbe,
};

/** Checks of https URLs. */
export const HTTPS: Kind = { ...HTTP, form: 'https://host/path' };

function readUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  try {
    decodeURIComponent(`${url?.username}${url?.password}`);
  } catch {
    return undefined;
  }
  return url ?? undefined;
}

/** Options of the HTTP probe. */
export type HttpOptions = ProbeOptions &
  Readonly<{
    /**
     * More header fields of the request. Like the URL's credentials, they are not sent on a
     * redirect to an unrelated host or from https to http.
     */
    headers?: Headers;
    /**
     * The value of `Authorization`, read before the clock starts; never rejects. It is sent to the
     * target itself, not to where it redirects, and only over a connection whose certificate was
     * verified, if `isClusterServer` accepts it.
     */
    authorization?: () => Promise<string | undefined>;
    /**
     * Whether the server of a verified connection may get `authorization`; if not given, any may.
     */
    isClusterServer?: (socket: TLSSocket) => boolean;
  }>;

/**
 * A probe that sends a `GET` over a new socket, or an idle one of `options.idle`. Its clock stops
 * when the head of the response has been received. Redirects are followed: the timings are those of
 * the last request, the duration that of all.
 */
export function createHttpProbe(options: HttpOptions): Probe {
  const versions = new HttpVersions();
  return async (target, signal) => {
    let authorization = await options.authorization?.();
    let secrets = { ...options.headers, ...basicAuthorization(target.url) };
    const tcp = new TcpAccount(options.readTcpInfo);
    using clock = new CheckClock(options.clocks);
    let start: number | undefined;
    let url = target.url;
    const redirects = new RedirectLimit();
    for (;;) {
      const headers = (connection: Connection): Headers => ({
        'User-Agent': options.userAgent,
        ...secrets,
        ...tokenHeaders(authorization, connection, options),
      });
      const attempt = { progress: new Progress(tcp, clock), isRedirected: url !== target.url };
      try {
        const response = await request(url, headers, options, versions, attempt, signal);
        start ??= attempt.progress.start;
        const next = redirectedTo(response, url);
        if (next === undefined) {
          return outcomeOf(response, attempt.progress, (response.receivedAt - start) / 1000);
        }
        redirects.add(attempt.progress.reads);
        url = next;
        authorization = undefined;
        if (!mayReceiveSecrets(url, target.url)) secrets = {};
      } catch (cause) {
        return failedOutcome(attempt.progress, url, target, cause);
      }
    }
  };
}

function failedOutcome(
  { phase, tcp, measured }: Progress,
  url: URL,
  target: Target,
  error: unknown,
): Outcome {
  const peer = url === target.url ? target.neighbour?.nodeName : undefined;
  const failed = failure({ phase, url, peer, error, tcp: tcp.last });
  return { kind: 'failed', event: errorEventOf(phase), ...failed, ...measured };
}

function tokenHeaders(
  authorization: string | undefined,
  { socket, verified }: Connection,
  { isClusterServer }: HttpOptions,
): Headers {
  if (authorization === undefined || !verified) return {};
  const mayReceiveToken = isClusterServer?.(socket as TLSSocket) ?? true;
  return mayReceiveToken ? { Authorization: authorization } : {};
}

function basicAuthorization({ username, password }: URL): Headers {
  if (username === '' && password === '') return {};
  // Not decodeURIComponent(): it throws on a literal percent sign, which a URL may contain.
  const credentials = `${username}:${password}`.replace(/%([\da-f]{2})/gi, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return { Authorization: `Basic ${Buffer.from(credentials, 'latin1').toString('base64')}` };
}

function outcomeOf(
  { status, reason }: ResponseHead,
  { measured }: Progress,
  duration: number,
): Outcome {
  const answered = { code: String(status), duration, ...measured };
  if (status === 200) return { kind: 'ok', ...answered };
  const shown = printable(reason, MAX_REASON) || (STATUS_CODES[status] ?? '');
  const error = new Error(`${status} ${shown}`.trim());
  return { kind: 'failed', event: statusEvent(status), cause: 'status', error, ...answered };
}

/** The metric label `event` of a response that is not 200 (the contract). */
function statusEvent(status: number): string {
  return `status_code_${status}`;
}
