import { isPort, readHost } from './host-and-port.ts';

/** The record types that can be queried. */
const TYPES = ['A', 'AAAA', 'CNAME', 'SRV', 'PTR', 'TXT'] as const;

export type RecordType = (typeof TYPES)[number];

/** A question. `server`: undefined for those of resolv.conf; an IPv6 address is in brackets. */
export type DnsQuestion = Readonly<{
  server: Readonly<{ host: string; port: number }> | undefined;
  name: string;
  type: RecordType;
}>;

const DNS_PORT = 53;

const FORM = /^dns:(?:\/\/(\[[^\]]+\]|[^/?#@:[\]]+)(?::(\d{1,5}))?\/)?([^/?#;]+)(?:\?([^?#]*))?$/i;

/** A host name in DNS (RFC 1035), also with `_` as in service names. */
const NAME = /^(?=.{1,253}$)[\w-]{1,63}(\.[\w-]{1,63})*$/;

/**
 * Reads the URL of a DNS query (RFC 4501); undefined if the text is not one. The name is absolute.
 */
export function readQuestion(text: string): DnsQuestion | undefined {
  const [, server, port = String(DNS_PORT), path = '', query = ''] = FORM.exec(text) ?? [];
  const name = path.replace(/\.$/, '').toLowerCase();
  const type = readType(query);
  const host = server === undefined ? undefined : readHost(server);
  const isServer = server === undefined || (host !== undefined && isPort(Number(port)));
  if (!isDnsName(name) || type === undefined || !isServer) return undefined;
  return { server: host === undefined ? undefined : { host, port: Number(port) }, name, type };
}

/** Whether the text is a host name that DNS can hold, absolute and without a trailing dot. */
export function isDnsName(text: string): boolean {
  return NAME.test(text);
}

/** The question as a URL that `readQuestion()` reads back. */
export function urlOf({ server, name, type }: DnsQuestion): URL {
  const where = server === undefined ? '' : `//${server.host}:${server.port}/`;
  return new URL(`dns:${where}${name}?type=${type}`);
}

/** The type in `class=IN;type=A`, in any order; A if none is given. */
function readType(query: string): RecordType | undefined {
  let type: RecordType | undefined = 'A';
  for (const part of query.split(/[;&]/).filter(Boolean)) {
    const [, key, value = ''] = /^(type|class)=(\w+)$/.exec(part.toLowerCase()) ?? [];
    if (key === 'type') type = TYPES.find((each) => each.toLowerCase() === value);
    else if (key === undefined || value !== 'in') return undefined;
  }
  return type;
}
