import type { Phase } from '../probe.ts';

const ATTEMPTED: Record<Phase, (url: URL) => string> = {
  resolve: (url) => `looking up ${url.hostname}`,
  connect: (url) => `connecting to ${url.host}`,
  handshake: (url) => `TLS handshake with ${url.host}`,
  request: (url) => `sending the request to ${url.host}`,
  response: (url) => `waiting for the answer of ${url.host}`,
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

/** How much is shown of an error's own words, in characters: a certificate's names are among them. */
const LONGEST_REASON = 300;

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
      ? (TLS_WORDS[reason ?? ''] ?? reason ?? message).slice(0, LONGEST_REASON)
      : `${words} (${code})`;
  return new Error(`${ATTEMPTED[phase](url)}: ${why}`, { cause });
}
