import type { Check, Probe } from './model.ts';
import { readNameServer, type Transport } from './probes/dns-exchange.ts';
import { readQuestion, urlOf } from './probes/dns-question.ts';
import { NAME_SERVER_TRAITS, type NameServerOptions } from './probes/name-server.ts';
import { toUrlHost } from './url-host.ts';

/** The prefix of the type of each check. */
const PREFIXES: Readonly<Record<Transport, string>> = { udp: 'dns_', tcp: 'dns_tcp_' };

const TRANSPORTS = ['udp', 'tcp'] as const;

export type NameServerChecksOptions = Readonly<{
  /** The query, as `dns:name?type=A`. */
  query: URL;
  /**
   * The current name servers, as `address`, `address:port` or `[address]:port`; a new array if they
   * have changed.
   */
  nameservers: () => readonly string[];
  /** The names to query for a name, according to the search domains. */
  candidates: (name: string) => readonly [string, ...string[]];
  createProbe: (options: NameServerOptions) => Probe;
}>;

/** The current checks of name servers: each over UDP and over TCP. */
export function createNameServerChecks(options: NameServerChecksOptions): () => readonly Check[] {
  let known: readonly string[] | undefined;
  let checks: readonly Check[] = [];
  return () => {
    const current = options.nameservers();
    if (current !== known) {
      known = current;
      checks = [...new Set(current)].flatMap((server) => checksOf(server, options));
    }
    return checks;
  };
}

function checksOf(listed: string, options: NameServerChecksOptions): Check[] {
  const question = readQuestion(options.query.href);
  if (question === undefined) throw new Error(`not a DNS query: ${options.query}`);
  const { name, type } = question;
  const server = readNameServer(listed);
  const { address, port } = server;
  // A URL cannot hold the zone of a link-local address.
  const host = toUrlHost(address.replace(/%.*/, ''));
  const url = urlOf({ server: { host, port }, name, type });
  return TRANSPORTS.map((transport) => {
    const names = () => options.candidates(name);
    const key = `${PREFIXES[transport]}${listed}`;
    const probe = options.createProbe({ server, transport, type, names });
    return { ...NAME_SERVER_TRAITS, key, type: key, target: { url }, probe };
  });
}
