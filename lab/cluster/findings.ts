import type { ClusterNode } from './node.ts';

/**
 * Check → event → how often a probe has counted it (`kubenurse_errors_total`, or another counter),
 * without zeros.
 */
export type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What a probe has logged about a check. `time`: milliseconds since the epoch. */
export type Transition = Readonly<{
  node: string;
  time: number;
  type: string;
  event: string;
  error: string;
  kind: 'fails' | 'is over';
}>;

/** The log's messages about a check (recorders.ts). */
const MESSAGES: Readonly<Record<string, Transition['kind']>> = {
  'check failed': 'fails',
  'check recovered': 'is over',
  'failing check removed': 'is over',
};

/** What a node currently counts. Rejects if it does not respond within 10 s, or not with 200. */
export async function countsOf(
  node: ClusterNode,
  metric = 'kubenurse_errors_total',
): Promise<Counts> {
  return countsIn(await metricsOf(node), metric);
}

/** The counts by event and those by cause, which share no names. Rejects as `countsOf()` does. */
export async function failureCountsOf(node: ClusterNode): Promise<Counts> {
  const metrics = await metricsOf(node);
  const events = countsIn(metrics, 'kubenurse_errors_total');
  const causes = countsIn(metrics, 'kubenurse_check_failures_total');
  return Object.fromEntries(
    Object.keys(events).map((type) => [type, { ...events[type], ...causes[type] }]),
  );
}

async function metricsOf(node: ClusterNode): Promise<string> {
  const { status, body } = await node.get('/metrics');
  if (status !== 200) throw new Error(`${node.name} responds to /metrics with ${status}`);
  return body;
}

function countsIn(metrics: string, metric: string): Counts {
  const series = new RegExp(`^${metric}\\{type="([^"]+)",[a-z]+="([^"]+)"\\} (\\d+)$`, 'gm');
  return nested(
    [...metrics.matchAll(series)].map(([, type = '', event = '', value]) => [
      type,
      event,
      Number(value),
    ]),
  );
}

/** How much each count has grown. A program that was restarted in between counts from zero. */
export function growth(before: Counts, after: Counts): Counts {
  return nested(
    Object.entries(after).flatMap(([type, events]) =>
      Object.entries(events).map(([event, count]): [string, string, number] => {
        const known = before[type]?.[event] ?? 0;
        return [type, event, count >= known ? count - known : count];
      }),
    ),
  );
}

function nested(rows: readonly (readonly [type: string, event: string, count: number])[]): Counts {
  const byType = Map.groupBy(
    rows.filter(([, , count]) => count > 0),
    ([type]) => type,
  );
  return Object.fromEntries(
    [...byType].map(([type, events]) => [
      type,
      Object.fromEntries(events.map(([, event, count]) => [event, count])),
    ]),
  );
}

/** Collects what the programs of these nodes log about their checks, until it is disposed of. */
export class LogReader implements Disposable {
  readonly transitions: Transition[] = [];
  readonly #stop: (() => void)[];

  constructor(nodes: readonly ClusterNode[]) {
    this.#stop = nodes.map(({ name, log }) => log.listen((line) => this.#read(name, line)));
  }

  /** The checks of this node that have failed and not yet recovered. */
  failing(node: string): Set<string> {
    const failing = new Set<string>();
    for (const each of this.transitions.filter((transition) => transition.node === node)) {
      if (each.kind === 'fails') failing.add(each.type);
      else failing.delete(each.type);
    }
    return failing;
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stop) stop();
  }

  #read(node: string, line: string): void {
    const { time, msg, type, event, error } = JSON.parse(line);
    const kind = MESSAGES[msg];
    if (!kind) return;
    this.transitions.push({ node, time: new Date(time).getTime(), type, event, error, kind });
  }
}
