import type { KubeClient } from '../../lab/real/kube-client.ts';

/** The collections that a probe follows. */
export type Collection = 'pods' | 'nodes';

/** A number for each collection. */
export type PerCollection = Readonly<Record<Collection, number>>;

/**
 * Counters of the API server, since it started or between two readings, for all clients together.
 */
export type ServerMetrics = Readonly<{
  watchEvents: PerCollection;
  watchBytes: PerCollection;
  /** The responses to LIST, as sent (compressed, if they are). */
  listBytes: PerCollection;
  cpuSeconds: number;
}>;

/** Reads them from `/metrics`. */
export async function readServerMetrics(admin: KubeClient): Promise<ServerMetrics> {
  const { body } = await admin.raw('/metrics');
  const lines = body.split('\n');
  const sum = (name: string, ...labels: string[]) =>
    lines
      .filter((line) => line.startsWith(name) && labels.every((label) => line.includes(label)))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  return {
    watchEvents: each((resource) =>
      sum('apiserver_watch_events_total{', 'group=""', `resource="${resource}"`),
    ),
    watchBytes: each((resource) =>
      sum('apiserver_watch_events_sizes_sum{', 'group=""', `resource="${resource}"`),
    ),
    listBytes: each((resource) =>
      sum('apiserver_response_sizes_sum{', 'group=""', `resource="${resource}"`, 'verb="LIST"'),
    ),
    cpuSeconds: sum('process_cpu_seconds_total '),
  };
}

/** The difference between two readings. */
export function since(before: ServerMetrics, after: ServerMetrics): ServerMetrics {
  const less = (key: 'watchEvents' | 'watchBytes' | 'listBytes') =>
    each((collection) => after[key][collection] - before[key][collection]);
  return {
    watchEvents: less('watchEvents'),
    watchBytes: less('watchBytes'),
    listBytes: less('listBytes'),
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
  };
}

/** Computes a number for each collection. */
export function each(of: (collection: Collection) => number): PerCollection {
  return { pods: of('pods'), nodes: of('nodes') };
}
