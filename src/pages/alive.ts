import type { Context } from 'koa';
import { type Check, failureCause, type Neighbour, resultText, type Streak } from '../model.ts';
import { inSeconds } from '../seconds.ts';
import { toUrlHost } from '../url-host.ts';
import type { InTurn } from './in-turn.ts';
import type { Page } from './page.ts';
import { shared } from './shared.ts';
import { boundUnread } from './unread.ts';

/** A check whose last result is older than this, in milliseconds, runs again (the contract). */
const MAX_AGE_MS = 3_000;

/** How long a request waits for fresh results, in milliseconds (the contract). */
const MAX_WAIT_MS = 1_000;

/** The checks that `/alive` has always shown, in this order. */
const OWN_CHECKS = ['api_server_direct', 'api_server_dns', 'me_ingress', 'me_service'] as const;

/**
 * Characters to show of the user agent, and of all header values together: clients that send long
 * ones get no long response for it.
 */
const MAX_SHOWN = 4_000;

/** Longer names of headers are shown in lower case, not in canonical form. */
const MAX_CANONICAL = 100;

const SECRET_HEADERS = new Set(['authorization', 'proxy-authorization', 'cookie']);

/** What is known about one check. `streak`: undefined before its first result. */
type CheckKnown = Readonly<{ check: Check; streak: Streak | undefined }>;

export type AliveOptions = Readonly<{
  /** The names of the pod and, if known, of its node. */
  hostname: string;
  node?: string | undefined;
  /** Runs every check whose last result is older than `maxAge` milliseconds, and waits. */
  refresh: (maxAge: number) => Promise<void>;
  /** What is known about each check. */
  states: () => readonly CheckKnown[];
  /** Undefined: the neighbours are not checked. */
  neighbourhood: { state: () => string; neighbours: () => readonly Neighbour[] } | undefined;
  inTurn: InTurn;
}>;

/**
 * Shows all results: 200 if every check is ok, 500 otherwise. If fresh ones take longer than a
 * second, shows the last known ones. Concurrent clients share the bytes, except those about the
 * request.
 */
export function alivePage(options: AliveOptions): Page {
  const known = shared(async () => checksOf(options));
  const fresh = shared(async () => {
    await options.refresh(MAX_AGE_MS);
    return checksOf(options);
  });
  const hold = boundUnread();
  return async (context) => {
    const checks = (await within(MAX_WAIT_MS, fresh())) ?? (await known());
    if (!(await options.inTurn(context.res))) return;
    hold(checks, context.res);
    const { isAlive, before, after } = checks;
    const request = Buffer.from(linesOf(requestOf(context)));
    const length = before.length + request.length + after.length;
    context.respond = false;
    const { res } = context;
    res.writeHead(isAlive ? 200 : 500, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': length,
    });
    res.cork();
    for (const part of [before, request]) res.write(part);
    res.end(after);
  };
}

/** The value of the promise, or `undefined` if it takes longer than `milliseconds`. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: timeIsUp, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), milliseconds);
  try {
    return await Promise.race([promise, timeIsUp]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What is the same for all clients: whether every check is ok, and the lines before and after those
 * about the request.
 */
function checksOf({ hostname, node, states, neighbourhood }: AliveOptions) {
  const state = neighbourhood?.state() ?? 'skipped';
  const neighbours = (neighbourhood?.neighbours() ?? []).map(shownNeighbour);
  const checks = states();
  const all = Object.fromEntries(checks.map((each) => [each.check.key, textOf(each)]));
  const own = Object.fromEntries(OWN_CHECKS.map((type) => [type, all[type] ?? 'skipped']));
  const known = { neighbourhood_state: state, neighbourhood: neighbours };
  const top = { hostname, ...(node === undefined ? {} : { node }), ...own, ...known };
  const rest = { last_check_result: { ...own, ...all, ...known }, ...timesOf(checks) };
  return {
    isAlive:
      Object.values(all).every((answer) => answer === 'ok') && ['ok', 'skipped'].includes(state),
    before: Buffer.from(`{\n${linesOf(top)},\n`),
    after: Buffer.from(`,\n${linesOf(rest)}\n}\n`),
  };
}

function textOf({ streak }: Pick<CheckKnown, 'streak'>): string {
  return streak === undefined ? 'no result yet' : resultText(streak.outcome);
}

/**
 * The age of the oldest of the last results, since when each check has been in its state, and why
 * and how often each failing check has failed.
 */
function timesOf(checks: readonly CheckKnown[]) {
  const now = performance.now();
  const startedAt = Date.now() - now;
  const results = checks.flatMap(({ check: { key }, streak }) =>
    streak === undefined
      ? []
      : [{ key, ...streak, at: new Date(startedAt + streak.since).toISOString() }],
  );
  const ages = results.map(({ lastAt }) => inSeconds(now - lastAt));
  return {
    age_seconds: ages.length === 0 ? null : Math.max(...ages),
    since: Object.fromEntries(results.map(({ key, at }) => [key, at])),
    failing: Object.fromEntries(
      results
        .filter(({ outcome }) => outcome.kind !== 'ok')
        .map(({ key, at, outcome, results: failures }) => [
          key,
          { cause: failureCause(outcome), since: at, failures },
        ]),
    ),
  };
}

function requestOf(context: Context) {
  return {
    headers: shownHeaders(context.req.rawHeaders),
    user_agent: context.get('User-Agent').slice(0, MAX_SHOWN),
    request_uri: context.originalUrl,
    remote_addr: remoteAddress(context),
  };
}

/** The lines of an object's JSON between its braces. */
function linesOf(object: object): string {
  return JSON.stringify(object, undefined, 1).slice(2, -2);
}

function shownNeighbour({ podName, podIP, hostIP, nodeName, phase }: Neighbour) {
  return { PodName: podName, PodIP: podIP, HostIP: hostIP, NodeName: nodeName, Phase: phase };
}

/**
 * Each header's values by its canonical name, without `Host` (as in Go's net/http), with secrets
 * redacted and long values cut.
 */
function shownHeaders(raw: readonly string[]): Record<string, string[]> {
  const headers = new Map<string, string[]>();
  let room = MAX_SHOWN;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    if (name === 'host') continue;
    const canonical =
      name.length > MAX_CANONICAL
        ? name
        : name.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
    const value = SECRET_HEADERS.has(name) ? '[redacted]' : (raw[i + 1] ?? '');
    const values = headers.get(canonical) ?? [];
    headers.set(canonical, values);
    values.push(value.slice(0, room));
    room = Math.max(0, room - value.length);
  }
  return Object.fromEntries(headers);
}

/**
 * As Go writes it: an IPv4 address stays one, even if it came through an IPv6 socket (RFC 4291,
 * section 2.5.5.2).
 */
function remoteAddress({ req: { socket } }: Context): string {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:(?=[\d.]+$)/, '');
  return `${toUrlHost(address)}:${socket.remotePort ?? 0}`;
}
