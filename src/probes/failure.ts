import type { Cause } from '../model.ts';
import { printable } from '../printable.ts';
import { untrusted } from '../tls-verification.ts';
import { causeOf, type Evidence } from './cause.ts';
import type { Phase } from './phases.ts';
import type { TcpInfo } from './tcp-info.ts';

const ATTEMPTED: Record<Phase, (hostname: string, port: string) => string> = {
  resolve: (hostname) => `looking up ${hostname}`,
  connect: (hostname, port) => `connecting to ${hostname}${port}`,
  handshake: (hostname, port) => `TLS handshake with ${hostname}${port}`,
  request: (hostname, port) => `sending the request to ${hostname}${port}`,
  response: (hostname, port) => `waiting for the response of ${hostname}${port}`,
};

const RESOLVER_WORDS: Record<string, string> = {
  ENOTFOUND: 'no such name',
  ENODATA: 'the name has no address',
  ESERVFAIL: 'the name server failed',
  EREFUSED: 'the name server refused the query',
  ETIMEOUT: 'the name server did not respond',
  ECONNREFUSED: 'no name server can be reached',
  EBADRESP: 'the name server sent no valid response',
  EBADNAME: 'DNS has no such names',
};

const SOCKET_WORDS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EPIPE: 'connection closed by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  EADDRNOTAVAIL: 'no free local address or port',
  EMFILE: 'too many open files',
};

/**
 * How many characters of a host are shown: the maximum of a name (RFC 1035). A redirect's host may
 * be longer.
 */
const MAX_HOST = 253;

/**
 * How many characters of an error's own message are shown: it may contain a certificate's names.
 */
const MAX_REASON = 300;

/** The remedy for an untrusted certificate: the contract's setting. */
const REMEDY = 'add its CA with KUBENURSE_EXTRA_CA';

/** The meaning of OpenSSL's errors. */
const TLS_WORDS: Record<string, string> = {
  'wrong version number': 'the peer does not speak TLS (wrong version number)',
  'packet length too long': 'the peer does not speak TLS (packet length too long)',
};

/** The meaning of a cause, for errors that report only a timeout. */
const SILENCE_WORDS: Partial<Record<Cause, (peer: string, tcp: TcpInfo) => string>> = {
  hung: (peer) => `${peer} acknowledged every packet, but its program does not respond`,
  packets_lost: (peer) => `${peer} does not acknowledge what was sent: packets are lost`,
  mtu: (peer, { segmentsUnacknowledged, mss }) =>
    segmentsUnacknowledged > 0
      ? `small packets reach ${peer}, those with ${mss} bytes do not: check the MTU`
      : `small packets come from ${peer}, full-size ones do not: check the MTU`,
};

/**
 * Why an attempt failed, and an error that says in plain words what was attempted, where, and why
 * it failed. The original error is its `cause`. `peer`: the name of what should respond, if that is
 * not the URL's host.
 */
export function failure(attempt: Evidence & { url: URL; peer: string | undefined }): {
  cause: Cause;
  error: Error;
} {
  const { phase, url, error: original, tcp } = attempt;
  const cause = causeOf(attempt);
  const host = printable(url.hostname, MAX_HOST);
  const port = url.port === '' ? '' : `:${url.port}`;
  const peer = printable(attempt.peer ?? url.hostname, MAX_HOST);
  const silence = tcp && SILENCE_WORDS[cause]?.(peer, tcp);
  const why = [reasonOf(phase, original), ...(silence === undefined ? [] : [silence])].join(': ');
  return {
    cause,
    error: new Error(`${ATTEMPTED[phase](host, port)}: ${why}`, { cause: original }),
  };
}

function reasonOf(phase: Phase, error: unknown): string {
  const { code, message, reason } = error as NodeJS.ErrnoException & { reason?: string };
  const words = (phase === 'resolve' ? RESOLVER_WORDS : SOCKET_WORDS)[code ?? ''];
  if (words !== undefined) return `${words} (${code})`;
  return (
    untrusted(error, REMEDY) ?? printable(TLS_WORDS[reason ?? ''] ?? reason ?? message, MAX_REASON)
  );
}
