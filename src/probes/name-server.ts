import { deadline } from '../deadline.ts';
import type { Probe, Signal, Traits } from '../model.ts';
import { CheckClock, type CheckClocks } from './check-clock.ts';
import { EXCHANGES, type NameServer, RETRY_MS, type Transport } from './dns-exchange.ts';
import { DNS_EVENTS, dnsFailure, shownQuestion } from './dns-failure.ts';
import type { DnsQuestion } from './dns-question.ts';
import { requireRecord } from './dns-record.ts';

/** Timeout of a query, in milliseconds. */
const TIMEOUT_MS = 2_000;

const NO_SUCH_NAME = 'dns_nxdomain';

/** What is known about each check of a name server. */
export const NAME_SERVER_TRAITS: Traits = {
  byName: false,
  errorEvents: DNS_EVENTS,
  causes: ['dns'],
  code: 'ok',
  pacing: 5,
  countsPackets: false,
};

export type NameServerOptions = Readonly<{
  server: NameServer;
  transport: Transport;
  type: DnsQuestion['type'];
  /** The names to query, at least one: after "no such name", the next one. */
  names: () => readonly [string, ...string[]];
  /** Undefined: clocks that never stop. */
  clocks?: CheckClocks | undefined;
}>;

/**
 * A probe that queries one name server over one transport. A truncated response over UDP is a
 * success: the server works, and clients repeat such a query over TCP.
 */
export function createNameServerProbe(options: NameServerOptions): Probe {
  return async (_target, signal) => {
    const [first, ...others] = options.names();
    const outcome = await attempt(options, first, signal);
    for (const name of others) {
      if (outcome.kind === 'ok' || outcome.event !== NO_SUCH_NAME) break;
      const other = await attempt(options, name, signal);
      if (other.kind === 'ok') return other;
    }
    return outcome;
  };
}

async function attempt(options: NameServerOptions, name: string, signal: Signal) {
  try {
    const duration = await query(options, name, signal);
    const timings = { dns_start: 0, dns_done: duration };
    return { kind: 'ok', code: 'ok', duration, timings } as const;
  } catch (error) {
    const { server, transport, type } = options;
    const over = transport === 'tcp' ? ' over TCP' : '';
    const what = `${server.address}${over} for ${shownQuestion({ name, type })}`;
    return dnsFailure(what, error as Error);
  }
}

/**
 * Resolves with the time in seconds. Rejects with an error that has a resolver's code, or as the
 * exchange does.
 */
async function query(
  { server, transport, type, clocks }: NameServerOptions,
  name: string,
  signal: Signal,
): Promise<number> {
  using clock = new CheckClock(clocks);
  using limit = deadline(signal, TIMEOUT_MS);
  limit.signal.throwIfAborted();
  const query = { name, type, retryMs: RETRY_MS };
  const { response, seconds } = await EXCHANGES[transport](server, query, limit.signal, clock);
  requireRecord(response);
  return seconds;
}
