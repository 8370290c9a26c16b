import { promises as dns } from 'node:dns';
import { followFile } from '../follow-file.ts';
import { candidateNames, parseHosts, parseResolvConf, type ResolvConf } from './resolv-conf.ts';

/**
 * The addresses of a host name, never none. Rejects with the resolver's error (its `code` is c-ares's, such as
 * `ENOTFOUND`), or with the signal's reason as soon as it aborts.
 */
export type Resolve = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

/** Errors after which the libc tries the next name of the search list (glibc's res_search). */
const TRY_NEXT_NAME = new Set(['ENOTFOUND', 'ENODATA', 'ESERVFAIL']);

/** Errors after which the libc asks the next name server (glibc's res_send). */
const TRY_NEXT_SERVER = new Set(['ESERVFAIL', 'ENOTIMP', 'EREFUSED']);

/**
 * Looks names up as the libc would, hosts file first, but over c-ares and with a resolver of its own for each
 * look-up: getaddrinfo would share four threads, which a silent name server fills for everybody.
 * The files are read again when they change, until `close()`.
 */
export function createResolver(options: { resolvConf: string; hosts: string }): {
  resolve: Resolve;
  close: () => void;
} {
  let conf: ResolvConf = parseResolvConf('', process.env);
  let hosts = new Map<string, string[]>();
  // A file that is missing is to the libc an empty one.
  const unfollow = [
    followFile(
      options.resolvConf,
      (text) => {
        conf = parseResolvConf(text, process.env);
      },
      () => {},
    ),
    followFile(
      options.hosts,
      (text) => {
        hosts = parseHosts(text);
      },
      () => {},
    ),
  ];

  const resolve: Resolve = async (name, signal) => {
    const listed = hosts.get(name.replace(/\.$/, '').toLowerCase());
    if (listed !== undefined) return listed;

    signal.throwIfAborted();
    const resolver = new dns.Resolver({ timeout: conf.timeout * 1000, tries: conf.attempts });
    const cancel = () => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const addresses = await search(resolver, conf.nameservers, candidateNames(name, conf));
      // Those of one family, where the other's were still awaited.
      signal.throwIfAborted();
      return addresses;
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };

  return {
    resolve,
    close: () => {
      for (const stop of unfollow) stop();
    },
  };
}

async function search(
  resolver: dns.Resolver,
  servers: readonly string[],
  names: readonly string[],
): Promise<string[]> {
  let lastError: unknown;
  for (const name of names) {
    try {
      return await askInTurn(resolver, servers, name);
    } catch (error) {
      // A server's failure says more than the "no such name" of another candidate.
      if (lastError === undefined || codeOf(error) === 'ESERVFAIL') lastError = error;
      if (!TRY_NEXT_NAME.has(codeOf(error))) throw error;
    }
  }
  throw lastError;
}

/** Asks the servers from the first on, and after a failure from the next on. c-ares itself passes over silent ones. */
async function askInTurn(
  resolver: dns.Resolver,
  servers: readonly string[],
  name: string,
): Promise<string[]> {
  for (let first = 0; ; first++) {
    resolver.setServers(servers.slice(first));
    try {
      return await ask(resolver, name);
    } catch (error) {
      const isLast = first === servers.length - 1;
      if (isLast || !TRY_NEXT_SERVER.has(codeOf(error))) throw error;
    }
  }
}

/** Both families at once, as the libc asks them; one of them is enough. */
async function ask(resolver: dns.Resolver, name: string): Promise<string[]> {
  const answers = await Promise.allSettled([resolver.resolve6(name), resolver.resolve4(name)]);
  const addresses = answers.flatMap((answer) =>
    answer.status === 'fulfilled' ? answer.value : [],
  );
  if (addresses.length > 0) return addresses;
  const errors = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  throw (
    errors.find((error) => !TRY_NEXT_NAME.has(codeOf(error))) ??
    errors.find((error) => codeOf(error) === 'ESERVFAIL') ??
    errors[0]
  );
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
