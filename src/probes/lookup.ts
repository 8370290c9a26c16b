import type dns from 'node:dns';
import { isIP } from 'node:net';
import type { Resolve } from './resolve.ts';

/** Timeout of a look-up, in milliseconds: the same as for a response of the API server. */
const LOOKUP_TIMEOUT_MS = 10_000;

type LookupOptions = { all?: boolean | undefined; family?: number | string | undefined };
type Callback = (error: Error | null, addresses?: unknown, family?: number) => void;

/**
 * `dns.lookup` by means of `resolve`. Node's own runs getaddrinfo on a thread, which nothing can
 * stop: the process waits for it when it exits, some 20 s if the name server is silent.
 */
export function createLookup(resolve: Resolve): typeof dns.lookup {
  const lookup = (name: string, options: LookupOptions | number | Callback, last?: Callback) => {
    const callback = typeof options === 'function' ? options : (last as Callback);
    const { all, family } = optionsOf(options);
    find(resolve, name, family).then(
      (found) => {
        if (all) callback(null, found);
        else callback(null, found[0]?.address, found[0]?.family);
      },
      (error) => callback(error),
    );
  };
  return lookup as typeof dns.lookup;
}

function optionsOf(options: LookupOptions | number | Callback): { all: boolean; family: number } {
  if (typeof options === 'function') return { all: false, family: 0 };
  if (typeof options === 'number') return { all: false, family: options };
  const family = Number(`${options.family ?? 0}`.replace('IPv', ''));
  return { all: options.all ?? false, family };
}

/**
 * The addresses of that family, or of both if it is 0. Rejects if there are none, with an error
 * whose message contains the name.
 */
async function find(resolve: Resolve, name: string, family: number): Promise<dns.LookupAddress[]> {
  const addresses = isIP(name)
    ? [name]
    : await resolve(name, AbortSignal.timeout(LOOKUP_TIMEOUT_MS));
  const found = addresses
    .map((address) => ({ address, family: isIP(address) }))
    .filter((address) => family === 0 || address.family === family);
  if (found.length > 0) return found;
  throw Object.assign(new Error(`${name} has no IPv${family} address`), { code: 'ENOTFOUND' });
}
