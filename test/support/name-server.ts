import { onTestFinished } from 'vitest';
import { DnsServer } from '../../lab/embedded/dns-server.ts';
import { createResolver, type Resolve } from '../../src/probes/resolve.ts';
import { temporaryFile } from './temporary-file.ts';

/** A name server that knows these names, until the test has finished. */
export async function nameServer(
  records: Record<string, readonly string[]> = {},
): Promise<DnsServer> {
  const server = await DnsServer.start({ address: '127.0.0.1', port: 0, records });
  onTestFinished(() => server.close());
  return server;
}

/**
 * A resolver that queries each of these servers once, with these further lines of resolv.conf and
 * of a hosts file.
 */
export function resolverOf(
  servers: readonly Readonly<{ address: string; port: number }>[],
  conf = '',
  hosts = '',
): Resolve {
  const nameservers = servers.map(({ address, port }) => `nameserver ${address}:${port}\n`);
  const resolver = createResolver({
    resolvConf: temporaryFile(`${nameservers.join('')}options attempts:1\n${conf}\n`),
    hosts: temporaryFile(hosts),
  });
  onTestFinished(() => resolver.close());
  return resolver.resolve;
}

/** The distinct names that were queried, in order. */
export function queriedNames({ queries }: DnsServer): string[] {
  return [...new Set(queries.map(({ name }) => name))];
}
