import type { Outcome } from '../model.ts';
import { printable } from '../printable.ts';
import type { DnsQuestion } from './dns-question.ts';

/** How many characters of an error's own message are shown. */
const MAX_REASON = 300;

/** The error event and the message for each code of a resolver's error. */
const FAILURES: Readonly<Record<string, readonly [event: string, words: string]>> = {
  ENOTFOUND: ['dns_nxdomain', 'no such name'],
  ENODATA: ['dns_nodata', 'the name has no such record'],
  ESERVFAIL: ['dns_servfail', 'the name server failed'],
  EREFUSED: ['dns_refused', 'the name server refused the query'],
  ETIMEOUT: ['dns_timeout', 'the name server did not respond'],
  ECONNREFUSED: ['dns_unreachable', 'connection refused'],
  EHOSTUNREACH: ['dns_unreachable', 'no route to host'],
  ENETUNREACH: ['dns_unreachable', 'network is unreachable'],
};

const OTHER_FAILURE = 'dns_error';

/** The error events of all queries of name servers. */
export const DNS_EVENTS: readonly string[] = [
  ...new Set(Object.values(FAILURES).map(([event]) => event)),
  OTHER_FAILURE,
];

/**
 * The outcome of a failed query. `what`: the server and the question, `10.96.0.10 for A a.test`.
 * `cause`: an error with a code of `node:dns` or of the kernel, a `TimeoutError`, or one whose
 * message is shown.
 */
export function dnsFailure(what: string, cause: Error): Extract<Outcome, { kind: 'failed' }> {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const known = Object.hasOwn(FAILURES, code) ? FAILURES[code] : undefined;
  const [event, words] = known ?? [
    cause.name === 'TimeoutError' ? 'dns_timeout' : OTHER_FAILURE,
    printable(message, MAX_REASON),
  ];
  const why = known === undefined ? words : `${words} (${code})`;
  const error = new Error(`querying ${what}: ${why}`, { cause });
  return { kind: 'failed', event, cause: 'dns', error, timings: { dns_start: 0 } };
}

/** `A a.test`, as messages show it. */
export function shownQuestion({ name, type }: Pick<DnsQuestion, 'name' | 'type'>): string {
  return `${type} ${name}`;
}
