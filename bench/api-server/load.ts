import type { AuditedRequest } from '../../lab/real/audit-log.ts';
import type { Period } from './period.ts';
import { each, type PerCollection } from './server-metrics.ts';

/** What the API server sends to one client because of something that happens. */
export type Share = Readonly<{
  /** How often it happened. */
  times: number;
  /** Events sent to the client, and their bytes. */
  events: PerCollection;
  bytes: PerCollection;
  /** All bytes sent over the network to the client meanwhile. */
  wireBytes: number;
}>;

/** Identical requests. */
export type Requests = Readonly<{ verb: string; resource: string; count: number }>;

/** The load from a client in a cluster of `nodes` nodes. */
export type Load = Readonly<{
  nodes: number;
  client: 'kubenurse' | 'watch-all';
  start: Readonly<{
    requests: readonly Requests[];
    /** The bodies of the list responses, as sent. */
    listBytes: PerCollection;
    wireBytes: number;
  }>;
  /**
   * Bytes on the network per check of the API server; undefined for a client that does not check
   * it.
   */
  checkWireBytes: number | undefined;
  statusUpdates: Share;
  cordons: Share;
  replacements: Share;
  /** After its start. */
  later: Readonly<{ seconds: number; requests: readonly Requests[] }>;
}>;

/** The periods by what the client does, or what happens meanwhile. */
export type Periods = Readonly<
  Record<'start' | 'checks' | 'statusUpdates' | 'cordons' | 'replacements', Period>
>;

/** `without`: the same periods without the client. `times`: how often each thing happened. */
export function loadOf(
  { nodes, client, user }: Pick<Load, 'nodes' | 'client'> & Readonly<{ user: string }>,
  periods: Periods,
  without: Periods,
  times: Readonly<Record<'statusUpdates' | 'cordons' | 'replacements', number>>,
): Load {
  const { start, checks, ...others } = periods;
  const share = (what: keyof typeof times) => shareOf(periods[what], without[what], times[what]);
  const later = [checks, ...Object.values(others)];
  const requests = count(
    later.flatMap((period) => period.requests),
    user,
  );
  const versions = count(checks.requests, user).find(({ resource }) => resource === '/version');
  return {
    nodes,
    client,
    start: {
      requests: count(start.requests, user),
      listBytes: start.server.listBytes,
      wireBytes: start.wireBytes,
    },
    checkWireBytes: versions && Math.round(checks.wireBytes / versions.count),
    statusUpdates: share('statusUpdates'),
    cordons: share('cordons'),
    replacements: share('replacements'),
    later: { seconds: later.reduce((sum, { seconds }) => sum + seconds, 0), requests },
  };
}

/** What a period has beyond the same period without the client. */
export function shareOf(period: Period, without: Period, times: number): Share {
  const { watchEvents, watchBytes } = without.server;
  // The API server's own watches. node-1's kubelet writes at its own times: once more, or less.
  const own = each(
    (collection) =>
      watchEvents[collection] + writes(period, collection) - writes(without, collection),
  );
  const perOwnEvent = each((collection) => watchBytes[collection] / (watchEvents[collection] || 1));
  return {
    times,
    events: each((collection) => period.server.watchEvents[collection] - own[collection]),
    bytes: each((collection) =>
      Math.round(period.server.watchBytes[collection] - own[collection] * perOwnEvent[collection]),
    ),
    wireBytes: period.wireBytes,
  };
}

function writes({ requests }: Period, collection: keyof PerCollection): number {
  return requests.filter(
    ({ verb, resource, code }) =>
      ['create', 'patch', 'delete'].includes(verb) &&
      resource.split('/')[0] === collection &&
      code < 300,
  ).length;
}

/** Counts the requests of this user. */
export function count(requests: readonly AuditedRequest[], user: string): Requests[] {
  const own = requests.filter((request) => request.user === user);
  const alike = Map.groupBy(own, ({ verb, resource }) => `${verb} ${resource}`);
  return [...alike.values()].flatMap(([request, ...more]) =>
    request ? { verb: request.verb, resource: request.resource, count: 1 + more.length } : [],
  );
}
