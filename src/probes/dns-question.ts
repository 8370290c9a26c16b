import { isPort, readHost } from './host-and-port.ts';

/** The types of records that can be queried. */
const TYPES = ['A', 'AAAA', 'CNAME', 'SRV', 'PTR', 'TXT'] as const;

export type RecordType = (typeof TYPES)[number];

/** What is queried. `server`: undefined for the name servers of resolv.conf; an IPv6 address is in brackets. */
export type DnsQuestion = Readonly<{
  server: Readonly<{ host: string; port: number }> | undefined;
  name: string;
  type: RecordType;
}>;

const DNS_PORT = 53;

const FORM = /^dns:(?:\/\/(\[[^\]]+\]|[^/?#@:[\]]+)(?::(\d{1,5}))?\/)?([^/?#;]+)(?:\?([^?#]*))?$/i;

/** A host name as DNS has it (RFC 1035), with `_` as in service names. */
const NAME = /^(?=.{1,253}$)[\w-]{1,63}(\.[\w-]{1,63})*$/;

/** Reads the URL of a DNS query (RFC 4501); undefined where the text is none. The name is absolute. */
export function readQuestion(text: string): DnsQuestion | undefined {
  const [, server, port = String(DNS_PORT), path = '', query = ''] = FORM.exec(text) ?? [];
  const name = path.replace(/\.$/, '').toLowerCase();
  const type = readType(query);
  const host = server === undefined ? undefined : readHost(server);
  const isServer = server === undefined || (host !== undefined && isPort(Number(port)));
  if (!isDnsName(name) || type === undefined || !isServer) return undefined;
  return { server: host === undefined ? undefined : { host, port: Number(port) }, name, type };
}

/** Whether it is a host name that DNS can have, absolute, without a dot at its end. */
export function isDnsName(text: string): boolean {
  return NAME.test(text);
}

/** The question as a URL, from which `readQuestion()` reads it again. */
export function urlOf({ server, name, type }: DnsQuestion): URL {
  const where = server === undefined ? '' : `//${server.host}:${server.port}/`;
  return new URL(`dns:${where}${name}?type=${type}`);
}

/** The type in `class=IN;type=A`, in any order; A where there is none. */
function readType(query: string): RecordType | undefined {
  let type: RecordType | undefined = 'A';
  for (const part of query.split(/[;&]/).filter(Boolean)) {
    const [, key, value = ''] = /^(type|class)=(\w+)$/.exec(part.toLowerCase()) ?? [];
    if (key === 'type') type = TYPES.find((each) => each.toLowerCase() === value);
    else if (key === undefined || value !== 'in') return undefined;
  }
  return type;
}
