import { followFile } from '../follow-file.ts';
import type { Signal } from '../model.ts';
import { CheckClock } from './check-clock.ts';
import { type Answer, queryName, TRY_NEXT_NAME } from './name-query.ts';
import { candidateNames, parseHosts, parseResolvConf, type ResolvConf } from './resolv-conf.ts';

/**
 * The addresses of a host name, at least one. Rejects with an error whose `code` is one of
 * `node:dns`, such as `ENOTFOUND`, or with the signal's reason as soon as it aborts. `clock`: that
 * of the check that waits for them.
 */
export type Resolve = (
  name: string,
  signal: Signal,
  clock?: CheckClock,
) => Promise<readonly string[]>;

export type Resolver = Readonly<{
  resolve: Resolve;
  /** The name servers, in their order. */
  nameservers: () => readonly string[];
  /** The names that a name may stand for, given the search domains; itself first. */
  candidates: (name: string) => readonly [string, ...string[]];
  close: () => void;
}>;

/**
 * Looks names up as the libc would, hosts file first. Its getaddrinfo would share four threads, all
 * of which a silent name server fills, and c-ares (`node:dns`) parses each packet in full before it
 * compares the id, so that large ones take the CPU. The files are read again when they change,
 * until `close()`.
 */
export function createResolver(options: { resolvConf: string; hosts: string }): Resolver {
  let conf: ResolvConf = parseResolvConf('', process.env);
  let hosts = new Map<string, string[]>();
  // The libc treats a missing file as empty.
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

  const resolve: Resolve = async (name, signal, clock = new CheckClock()) => {
    const listed = hosts.get(name.replace(/\.$/, '').toLowerCase());
    if (listed !== undefined) return listed;

    signal.throwIfAborted();
    const { addresses, code, cause } = await search(
      candidateNames(name, conf),
      conf,
      signal,
      clock,
    );
    if (code === undefined) return addresses;
    throw Object.assign(new Error(`${code} for ${name}`, { cause }), { code });
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

/**
 * The answer for the first name that has addresses; if none has, the most telling one. Rejects as
 * `queryName()` does.
 */
async function search(
  names: readonly string[],
  conf: ResolvConf,
  signal: Signal,
  clock: CheckClock,
): Promise<Answer> {
  const servers = [...conf.nameservers];
  let failure: Answer | undefined;
  for (const name of names) {
    const answer = await queryName(name, servers, conf, signal, clock);
    if (!TRY_NEXT_NAME.has(answer.code)) return answer;
    // A server's failure says more than the "no such name" of another candidate.
    if (failure === undefined || answer.code === 'ESERVFAIL') failure = answer;
  }
  return failure as Answer;
}
