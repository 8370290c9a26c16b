import { isIP } from 'node:net';
import { deadline } from '../deadline.ts';
import type { Probe, Signal } from '../model.ts';
import { fromUrlHost, toUrlHost } from '../url-host.ts';
import { CheckClock } from './check-clock.ts';
import { exchange, RETRY_MS, readNameServer } from './dns-exchange.ts';
import { DNS_EVENTS, dnsFailure, shownQuestion } from './dns-failure.ts';
import { type DnsQuestion, readQuestion, urlOf } from './dns-question.ts';
import { requireRecord } from './dns-record.ts';
import { failure } from './failure.ts';
import type { Kind, KindOptions } from './kind.ts';
import { errorEventOf } from './phases.ts';

/** Timeout of a query to one name server, in milliseconds. */
const SERVER_TIMEOUT_MS = 2_000;

/** How many addresses of a server's name to query. */
const MAX_SERVERS = 16;

/** Checks that query a name server, or those of resolv.conf one after another. */
export const DNS: Kind = {
  form: 'dns://server/name?type=A or dns:name?type=A',
  read: (text) => {
    const question = readQuestion(text);
    return question && urlOf(question);
  },
  traits: ({ hostname }) => ({
    byName: true,
    errorEvents: [
      ...(hostname === '' || isIP(fromUrlHost(hostname)) ? [] : [errorEventOf('resolve')]),
      ...DNS_EVENTS,
    ],
    causes: ['dns'],
    code: 'ok',
    pacing: 5,
    countsPackets: false,
  }),
  createProbe: createDnsProbe,
};

/**
 * A probe that succeeds if every server has a record of the name. It fails at the first that has
 * none. The clock starts when the address of the server is known.
 */
function createDnsProbe({ resolve, nameservers, clocks }: KindOptions): Probe {
  return async ({ url }, signal) => {
    const question = readQuestion(url.href);
    if (question === undefined) throw new Error(`not the URL of a DNS query: ${url}`);
    let servers: readonly string[];
    try {
      servers = question.server ? await addressesOf(question.server) : nameservers();
    } catch (error) {
      const failed = failure({ phase: 'resolve', url, peer: undefined, error, tcp: undefined });
      return { kind: 'failed', event: errorEventOf('resolve'), ...failed, timings: {} };
    }
    using clock = new CheckClock(clocks);
    const start = clock.now();
    for (const server of servers) {
      try {
        await query(server, question, signal, clock);
      } catch (error) {
        return dnsFailure(`${server} for ${shownQuestion(question)}`, error as Error);
      }
    }
    const duration = (clock.now() - start) / 1000;
    const timings = { dns_start: 0, dns_done: duration };
    return { kind: 'ok', code: 'ok', duration, timings };

    async function addressesOf({ host, port }: NonNullable<DnsQuestion['server']>) {
      const address = fromUrlHost(host);
      const addresses = isIP(address) ? [address] : await resolve(host, signal);
      return addresses.slice(0, MAX_SERVERS).map((each) => `${toUrlHost(each)}:${port}`);
    }
  };
}

/** Rejects if the server has no such record, as the exchange does, or with a `TimeoutError`. */
async function query(
  listed: string,
  question: DnsQuestion,
  signal: Signal,
  clock: CheckClock,
): Promise<void> {
  using limit = deadline(signal, SERVER_TIMEOUT_MS);
  limit.signal.throwIfAborted();
  const server = readNameServer(listed);
  requireRecord(await exchange(server, { ...question, retryMs: RETRY_MS }, limit.signal, clock));
}
