import { printable } from '../printable.ts';
import type { Phase } from '../probe.ts';
import { untrusted } from '../tls-verification.ts';

const ATTEMPTED: Record<Phase, (hostname: string, port: string) => string> = {
  resolve: (hostname) => `looking up ${hostname}`,
  connect: (hostname, port) => `connecting to ${hostname}${port}`,
  handshake: (hostname, port) => `TLS handshake with ${hostname}${port}`,
  request: (hostname, port) => `sending the request to ${hostname}${port}`,
  response: (hostname, port) => `waiting for the answer of ${hostname}${port}`,
};

const RESOLVER_WORDS: Record<string, string> = {
  ENOTFOUND: 'no such name',
  ENODATA: 'the name has no address',
  ESERVFAIL: 'the name server failed',
  EREFUSED: 'the name server refused to answer',
  ETIMEOUT: 'the name server did not answer',
  ECONNREFUSED: 'no name server can be reached',
};

const SOCKET_WORDS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EPIPE: 'connection closed by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  EADDRNOTAVAIL: 'no local address or port is free',
  EMFILE: 'too many open files',
};

/** How much is shown of a host, in characters: as long as a name can be (RFC 1035). A redirect's may be any. */
const MAX_HOST = 253;

/** How much is shown of an error's own words, in characters: a certificate's names are among them. */
const MAX_REASON = 300;

/** Where a certificate is not trusted: the contract's setting. */
const REMEDY = 'KUBENURSE_EXTRA_CA can add its CA';

/** What OpenSSL says where the other side speaks something else. */
const TLS_WORDS: Record<string, string> = {
  'wrong version number': 'the answer is not TLS (wrong version number)',
  'packet length too long': 'the answer is not TLS (packet length too long)',
};

/** An error that says what was attempted, where, and in plain words why it failed; the original is its `cause`. */
export function failure(phase: Phase, url: URL, cause: unknown): Error {
  const { code, message, reason } = cause as NodeJS.ErrnoException & { reason?: string };
  const words = (phase === 'resolve' ? RESOLVER_WORDS : SOCKET_WORDS)[code ?? ''];
  const why =
    words === undefined
      ? (untrusted(cause, REMEDY) ??
        printable(TLS_WORDS[reason ?? ''] ?? reason ?? message, MAX_REASON))
      : `${words} (${code})`;
  const port = url.port === '' ? '' : `:${url.port}`;
  return new Error(`${ATTEMPTED[phase](printable(url.hostname, MAX_HOST), port)}: ${why}`, {
    cause,
  });
}
