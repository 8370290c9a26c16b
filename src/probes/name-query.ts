import { deadline } from '../deadline.ts';
import type { Signal } from '../model.ts';
import type { CheckClock } from './check-clock.ts';
import { type Family, readAddresses } from './dns-addresses.ts';
import { exchange, readNameServer } from './dns-exchange.ts';
import { isDnsName } from './dns-question.ts';
import { codeOfResponse } from './dns-record.ts';
import type { ResolvConf } from './resolv-conf.ts';

/**
 * The addresses of a name, or why there are none: a code of `node:dns`, and the error that it
 * stands for.
 */
export type Answer = Readonly<{ addresses: readonly string[]; code?: string; cause?: unknown }>;

/** Errors after which the libc tries the next name of the search list (glibc's res_search). */
export const TRY_NEXT_NAME: ReadonlySet<string | undefined> = new Set([
  'ENOTFOUND',
  'ENODATA',
  'ESERVFAIL',
]);

/**
 * After no code (addresses) or one of these, the libc queries no other server (glibc's res_send).
 */
const FINAL = new Set([undefined, 'ENOTFOUND', 'ENODATA', 'EFORMERR']);

/** The name server did not respond, or cannot be reached. */
const SILENT = new Set<string | undefined>(['ETIMEOUT', 'ECONNREFUSED']);

/** The answer for a family before any server was queried. */
const UNKNOWN: Answer = { addresses: [], code: 'ETIMEOUT' };

/**
 * Queries both families at once, or IPv4 only with `no-aaaa`, as the libc does: one server after
 * another, and silent ones up to `attempts` times. One family is enough, unless a server is silent
 * about the other. `servers`: those of resolv.conf, in the order to query them; silent ones are
 * moved to the end. Rejects only with the signal's reason.
 */
export async function queryName(
  name: string,
  servers: string[],
  { attempts, timeout, noAAAA }: ResolvConf,
  signal: Signal,
  clock: CheckClock,
): Promise<Answer> {
  if (!isDnsName(name)) return { addresses: [], code: 'EBADNAME' };
  const families: readonly Family[] = noAAAA ? ['A'] : ['AAAA', 'A'];
  const answers = new Map(families.map((family) => [family, UNKNOWN]));
  const failed = new Set<string>();
  for (const server of turns(servers, attempts, failed)) {
    const asked = families.filter((family) => !FINAL.has(answers.get(family)?.code));
    const latest = await queryServer(server, name, asked, timeout * 1000, signal, clock);
    for (const [family, answer] of latest) answers.set(family, answer);
    const silent = latest.filter(([, { code }]) => SILENT.has(code)).length;
    const merged = merge([...answers.values()]);
    if (silent === 0 && FINAL.has(merged.code)) return merged;
    if (silent === 0) failed.add(server);
    if (silent === asked.length) servers.push(...servers.splice(servers.indexOf(server), 1));
  }
  return merge([...answers.values()]);
}

/** The servers once per attempt, in their order at its start, except those that have failed. */
function* turns(servers: readonly string[], attempts: number, failed: ReadonlySet<string>) {
  for (let attempt = 0; attempt < attempts; attempt++) {
    for (const server of [...servers]) if (!failed.has(server)) yield server;
  }
}

/** The addresses of both families; if there are none, the most telling error. */
function merge(answers: readonly Answer[]): Answer {
  const addresses = answers.flatMap((answer) => answer.addresses);
  if (addresses.length > 0) return { addresses };
  return (
    answers.find(({ code }) => !TRY_NEXT_NAME.has(code)) ??
    answers.find(({ code }) => code === 'ESERVFAIL') ??
    (answers[0] as Answer)
  );
}

/** Rejects only with the signal's reason. */
async function queryServer(
  server: string,
  name: string,
  families: readonly Family[],
  milliseconds: number,
  signal: Signal,
  clock: CheckClock,
): Promise<[Family, Answer][]> {
  using limit = deadline(signal, milliseconds);
  const branches: CheckClock[] = [];
  const answers = await Promise.all(
    families.map(async (family): Promise<[Family, Answer]> => {
      using branch = clock.branch();
      branches.push(branch);
      return [family, await queryFamily(server, name, family, limit.signal, branch)];
    }),
  );
  clock.join(branches);
  signal.throwIfAborted();
  return answers;
}

async function queryFamily(
  server: string,
  name: string,
  family: Family,
  signal: Signal,
  clock: CheckClock,
): Promise<Answer> {
  try {
    const query = { name, type: family };
    const response = await exchange(readNameServer(server), query, signal, clock);
    const addresses = response.rcode === 0 ? readAddresses(family, response.records) : [];
    return addresses.length > 0 ? { addresses } : { addresses, code: codeOfResponse(response) };
  } catch (cause) {
    return { addresses: [], code: codeOfError(cause as Error), cause };
  }
}

/** The code for a failed system call, a timeout, or a message that is not a response. */
function codeOfError({ name, syscall }: NodeJS.ErrnoException): string {
  if (syscall !== undefined) return 'ECONNREFUSED';
  return name === 'TimeoutError' ? 'ETIMEOUT' : 'EBADRESP';
}
