import { promises as dns, NODATA } from 'node:dns';
import { followFile } from '../follow-file.ts';
import type { Signal } from '../model.ts';
import { candidateNames, parseHosts, parseResolvConf, type ResolvConf } from './resolv-conf.ts';

/**
 * The addresses of a host name, never none. Rejects with the resolver's error (its `code` is c-ares's, such as
 * `ENOTFOUND`), or with the signal's reason as soon as it aborts.
 */
export type Resolve = (name: string, signal: Signal) => Promise<readonly string[]>;

/** Errors after which the libc tries the next name of the search list (glibc's res_search). */
const TRY_NEXT_NAME = new Set(['ENOTFOUND', 'ENODATA', 'ESERVFAIL']);

/** Errors after which the libc queries the next name server (glibc's res_send). */
const TRY_NEXT_SERVER = new Set(['ESERVFAIL', 'ENOTIMP', 'EREFUSED']);

export type Resolver = Readonly<{
  resolve: Resolve;
  /** The name servers, in their order. */
  nameservers: () => readonly string[];
  /** The names that a name may stand for, by the search domains: itself first. */
  candidates: (name: string) => readonly [string, ...string[]];
  close: () => void;
}>;

/**
 * Looks names up as the libc would, hosts file first, but over c-ares and with a separate resolver for each
 * look-up: getaddrinfo would share four threads, which a silent name server fills for everybody.
 * The files are read again when they change, until `close()`.
 */
export function createResolver(options: { resolvConf: string; hosts: string }): Resolver {
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
    const timeout = conf.timeout * 1000;
    // Without a maximum c-ares doubles it with each attempt; the libc does not.
    const resolver = new dns.Resolver({ timeout, maxTimeout: timeout, tries: conf.attempts });
    const cancel = () => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const addresses = await search(resolver, conf, candidateNames(name, conf));
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
    nameservers: () => conf.nameservers,
    candidates: (name) => [
      name,
      ...candidateNames(name, conf).filter((candidate) => candidate !== name),
    ],
    close: () => {
      for (const stop of unfollow) stop();
    },
  };
}

async function search(
  resolver: dns.Resolver,
  conf: ResolvConf,
  names: readonly string[],
): Promise<string[]> {
  let lastError: unknown;
  for (const name of names) {
    try {
      return await tryServers(resolver, conf, name);
    } catch (error) {
      // A server's failure says more than the "no such name" of another candidate.
      if (lastError === undefined || codeOf(error) === 'ESERVFAIL') lastError = error;
      if (!TRY_NEXT_NAME.has(codeOf(error))) throw error;
    }
  }
  throw lastError;
}

/** Queries the servers from the first on, and after a failure from the next on. c-ares itself skips silent ones. */
async function tryServers(
  resolver: dns.Resolver,
  conf: ResolvConf,
  name: string,
): Promise<string[]> {
  for (let first = 0; ; first++) {
    resolver.setServers(conf.nameservers.slice(first));
    try {
      return await query(resolver, conf, name);
    } catch (error) {
      const isLast = first === conf.nameservers.length - 1;
      if (isLast || !TRY_NEXT_SERVER.has(codeOf(error))) throw error;
    }
  }
}

/**
 * Queries both families at once, as the libc does, or IPv4 only with `no-aaaa`. One family is enough; the other is awaited
 * as long as in the libc, because c-ares, which checks its clock once a second, would take longer.
 */
async function query(resolver: dns.Resolver, conf: ResolvConf, name: string): Promise<string[]> {
  const { noAAAA, timeout, attempts, nameservers } = conf;
  let hasAddress = false;
  const noting = async (answer: Promise<string[]>) => {
    const found = await answer;
    hasAddress ||= found.length > 0;
    return found;
  };
  const limit = setTimeout(
    () => hasAddress && resolver.cancel(),
    timeout * 1000 * attempts * nameservers.length,
  );
  const six = noAAAA ? [] : [noting(resolver.resolve6(name))];
  const answers = await Promise.allSettled([...six, noting(resolver.resolve4(name))]);
  clearTimeout(limit);
  const addresses = answers.flatMap((answer) =>
    answer.status === 'fulfilled' ? answer.value : [],
  );
  if (addresses.length > 0) return addresses;
  const errors = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  throw (
    errors.find((error) => !TRY_NEXT_NAME.has(codeOf(error))) ??
    errors.find((error) => codeOf(error) === 'ESERVFAIL') ??
    errors[0] ??
    // An answer without an address and without an error: a dangling CNAME.
    Object.assign(new Error(`no address in the response for ${name}`), { code: NODATA })
  );
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
