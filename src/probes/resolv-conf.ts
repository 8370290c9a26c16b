import { isIP } from 'node:net';
import { readNameServer } from './dns-exchange.ts';
import { isPort } from './host-and-port.ts';

/** How the libc would look up a name, by resolv.conf(5). */
export type ResolvConf = Readonly<{
  /** `address` or `address:port` / `[address]:port`, for which resolv.conf has no syntax. */
  nameservers: readonly string[];
  search: readonly string[];
  /** A name with fewer dots is tried with the search domains first. */
  ndots: number;
  /** Seconds to wait for one server's response. */
  timeout: number;
  /** How many times each server is queried. */
  attempts: number;
  /** `no-aaaa` (glibc 2.36): query IPv4 addresses only. */
  noAAAA: boolean;
}>;

// The libc's bounds: resolv.h's MAXNS, and res_init.c's RES_MAXNDOTS, RES_MAXRETRANS, RES_MAXRETRY.
const MAX_NAMESERVERS = 3;
const MAX = { ndots: 15, timeout: 30, attempts: 5 };

/**
 * Reads a resolv.conf as glibc does: it ignores what it does not know, takes the last of several
 * `search` or `domain` lines, and applies `LOCALDOMAIN` and `RES_OPTIONS` after the file.
 */
export function parseResolvConf(
  text: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): ResolvConf {
  const listed: string[] = [];
  let search: string[] = [];
  const options = { ndots: 1, timeout: 5, attempts: 2, noAAAA: false };

  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*/, '')
      .split(/\s+/)
      .filter(Boolean);
    if (keyword === 'nameserver') {
      listed.push(...words.slice(0, 1));
    } else if (keyword === 'search') {
      search = words;
    } else if (keyword === 'domain') {
      search = words.slice(0, 1);
    } else if (keyword === 'options') {
      readOptions(words, options);
    }
  }
  if (environment.LOCALDOMAIN) search = environment.LOCALDOMAIN.split(/\s+/).filter(Boolean);
  readOptions((environment.RES_OPTIONS ?? '').split(/\s+/), options);

  const nameservers = listed.filter(isNameserver).slice(0, MAX_NAMESERVERS);
  return {
    nameservers: nameservers.length > 0 ? nameservers : ['127.0.0.1'],
    search,
    ndots: options.ndots,
    timeout: Math.max(options.timeout, 1),
    attempts: Math.max(options.attempts, 1),
    noAAAA: options.noAAAA,
  };
}

function readOptions(
  words: readonly string[],
  options: Record<keyof typeof MAX, number> & { noAAAA: boolean },
): void {
  for (const word of words) {
    if (word === 'no-aaaa') options.noAAAA = true;
    const [, name, value] = /^(ndots|timeout|attempts):(\d+)$/.exec(word) ?? [];
    if (name === undefined) continue;
    const key = name as keyof typeof MAX;
    options[key] = Math.min(Number(value), MAX[key]);
  }
}

/** An address, with or without a port. */
function isNameserver(word: string): boolean {
  const { address, port } = readNameServer(word);
  return isIP(address) !== 0 && isPort(port);
}

/** The full names to query, in the libc's order (resolv.conf(5), `ndots`). */
export function candidateNames(name: string, { search, ndots }: ResolvConf): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const searched = search.map((domain) => (domain === '.' ? name : `${name}.${domain}`));
  const dots = name.split('.').length - 1;
  const candidates = dots >= ndots ? [name, ...searched] : [...searched, name];
  return [...new Set(candidates)];
}

/** The addresses of each name in a hosts file (hosts(5)), by name in lower case. */
export function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').split(/\s+/).filter(Boolean);
    if (address === undefined || isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      const addresses = hosts.get(key) ?? [];
      if (!addresses.includes(address)) addresses.push(address);
      hosts.set(key, addresses);
    }
  }
  return hosts;
}
