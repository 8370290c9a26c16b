import type { Context } from 'koa';
import type { Neighbour } from '../probe.ts';
import type { Page } from './page.ts';

/** A result older than this, in milliseconds, is taken afresh (the contract). */
const FRESH_MS = 3_000;

/** The checks that `/alive` has always shown, in their order. */
const OWN_CHECKS = ['api_server_direct', 'api_server_dns', 'me_ingress', 'me_service'] as const;

const SECRET_HEADERS = new Set(['authorization', 'proxy-authorization', 'cookie']);

export type AliveOptions = Readonly<{
  /** Our name. */
  hostname: string;
  /** Asks every check whose answer is older than so many milliseconds, and waits. */
  refresh: (maxAge: number) => Promise<void>;
  /** The last answers, by check. */
  answers: () => ReadonlyMap<string, string>;
  /** Undefined: the neighbours are not checked. */
  neighbourhood: { state: () => string; neighbours: () => readonly Neighbour[] } | undefined;
}>;

/** What we know, for a person at a glance: 200 when every check is ok, 500 when one is not. */
export function alivePage(options: AliveOptions): Page {
  return async (context) => {
    await options.refresh(FRESH_MS);
    const answers = options.answers();
    const neighbourhoodState = options.neighbourhood?.state() ?? 'skipped';
    const neighbourhood = (options.neighbourhood?.neighbours() ?? []).map(shownNeighbour);
    const own = Object.fromEntries(
      OWN_CHECKS.map((type) => [type, answers.get(type) ?? 'skipped']),
    );
    const isAlive =
      [...answers.values()].every((answer) => answer === 'ok') &&
      ['ok', 'skipped'].includes(neighbourhoodState);

    context.status = isAlive ? 200 : 500;
    context.set('Content-Type', 'application/json; charset=utf-8');
    context.body = `${JSON.stringify(
      {
        hostname: options.hostname,
        ...own,
        neighbourhood_state: neighbourhoodState,
        neighbourhood,
        headers: shownHeaders(context.req.rawHeaders),
        user_agent: context.get('User-Agent'),
        request_uri: context.originalUrl,
        remote_addr: remoteAddress(context),
        last_check_result: {
          ...own,
          ...Object.fromEntries(answers),
          neighbourhood_state: neighbourhoodState,
          neighbourhood,
        },
      },
      undefined,
      1,
    )}\n`;
  };
}

function shownNeighbour({ podName, podIP, hostIP, nodeName, phase }: Neighbour) {
  return { PodName: podName, PodIP: podIP, HostIP: hostIP, NodeName: nodeName, Phase: phase };
}

/** Each header's values by its canonical name, `Host` left out (as Go's net/http has it), secrets blotted out. */
function shownHeaders(raw: readonly string[]): Record<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    if (name === 'host') continue;
    const canonical = name.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
    const value = SECRET_HEADERS.has(name) ? '[redacted]' : (raw[i + 1] ?? '');
    headers.set(canonical, [...(headers.get(canonical) ?? []), value]);
  }
  return Object.fromEntries(headers);
}

/** As Go writes it: an IPv4 address is one, also where it came through an IPv6 socket (RFC 4291, section 2.5.5.2). */
function remoteAddress({ req: { socket } }: Context): string {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:(?=[\d.]+$)/, '');
  return `${address.includes(':') ? `[${address}]` : address}:${socket.remotePort ?? 0}`;
}
