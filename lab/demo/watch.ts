import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterNode } from '../cluster/node.ts';
import { Latencies } from './latencies.ts';
import { readVerdict } from './verdict.ts';

/** A check's value as `/alive` shows it, and since when (milliseconds since the epoch). */
export type Result = Readonly<{ text: string; since: number }>;

/**
 * The current state of a node: check → result, and check → latest latency in seconds. A node that
 * does not respond has only the check `/alive`.
 */
export type Report = Readonly<{
  node: string;
  results: ReadonlyMap<string, Result>;
  latencies: ReadonlyMap<string, number>;
}>;

/** The check that fails if a node does not respond. */
export const ALIVE = '/alive';

const PERIOD_MS = 1_000;
/** KUBENURSE_CHECK_INTERVAL's default (contract): there are no new latencies earlier. */
const METRICS_PERIOD_MS = 5_000;
/** How long a pod keeps what it has collected. */
const VERDICT_PERIOD_MS = 5_000;
/** KUBENURSE_NEIGHBOUR_LIMIT's default (contract). */
const NEIGHBOUR_LIMIT = 10;

/** Whether a check has succeeded, or was skipped. */
export function isFine({ text }: Result): boolean {
  return text === 'ok' || text === 'skipped';
}

/**
 * Polls `/alive` of every node every second, `/metrics` every five, and the verdict of one node
 * every five.
 */
export class Watch {
  readonly #cluster: Cluster;
  readonly #reports = new Map<string, Report>();
  readonly #stop = new AbortController();
  readonly #onReport: (before: Report | undefined, now: Report) => void;
  #verdict: readonly string[] = [];

  /** `onReport` is called with a node's previous and current report. */
  constructor(cluster: Cluster, onReport: (before: Report | undefined, now: Report) => void) {
    this.#cluster = cluster;
    this.#onReport = onReport;
    for (const node of cluster.nodes) void this.#follow(node);
    void this.#followVerdict();
  }

  /** What is wrong with the cluster, one sentence each. */
  get verdict(): readonly string[] {
    return this.#verdict;
  }

  /** The report of each node, in order; an empty one for nodes that have not responded yet. */
  get reports(): readonly Report[] {
    return this.#cluster.nodes.map(
      ({ name }) =>
        this.#reports.get(name) ?? { node: name, results: new Map(), latencies: new Map() },
    );
  }

  /** Whether every node has responded, checks all its neighbours, and has no failing check. */
  get isAllFine(): boolean {
    const { nodes, faults } = this.#cluster;
    return this.reports.every(({ node, results }) => {
      if (faults.get(node) === 'deleted') return true;
      const others = nodes.filter(({ name, isNeighbour }) => name !== node && isNeighbour).length;
      const paths = [...results.keys()].filter((check) => check.startsWith('path_')).length;
      const isComplete = results.size > 0 && paths >= Math.min(others, NEIGHBOUR_LIMIT);
      return isComplete && [...results.values()].every(isFine);
    });
  }

  close(): void {
    this.#stop.abort();
  }

  async #follow(node: ClusterNode): Promise<void> {
    const { signal } = this.#stop;
    const latencies = new LatencyPoll(node, signal);
    while (!signal.aborted) {
      const texts = await this.#poll(node);
      if (!texts.has(ALIVE)) await latencies.poll();
      if (signal.aborted) return;
      const before = this.#reports.get(node.name);
      const results = new Map(
        [...texts].map(([check, text]): [string, Result] => {
          const known = before?.results.get(check);
          return [check, known?.text === text ? known : { text, since: Date.now() }];
        }),
      );
      const now = { node: node.name, results, latencies: latencies.current };
      this.#reports.set(node.name, now);
      this.#onReport(before, now);
      await sleep(PERIOD_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #followVerdict(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      // Without a response, the last verdict remains.
      this.#verdict = await readVerdict(this.#cluster, signal).catch(() => this.#verdict);
      await sleep(VERDICT_PERIOD_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #poll(node: ClusterNode): Promise<ReadonlyMap<string, string>> {
    if (this.#cluster.faults.get(node.name) === 'deleted') return new Map();
    if (node.ended !== undefined) return new Map([[ALIVE, `the program ${node.ended}`]]);
    try {
      return readAlive((await node.alive(this.#stop.signal)).body);
    } catch (error) {
      return new Map([[ALIVE, (error as Error).message]]);
    }
  }
}

/** Reads the latencies of one node. */
class LatencyPoll {
  readonly #node: ClusterNode;
  readonly #signal: AbortSignal;
  readonly #latencies = new Latencies();
  #current: ReadonlyMap<string, number> = new Map();
  #next = 0;

  constructor(node: ClusterNode, signal: AbortSignal) {
    this.#node = node;
    this.#signal = signal;
  }

  /** Check → latest latency in seconds. */
  get current(): ReadonlyMap<string, number> {
    return this.#current;
  }

  /**
   * Reads `/metrics` if the last reading is five seconds old. Never rejects: the last latencies
   * remain.
   */
  async poll(): Promise<void> {
    if (performance.now() < this.#next) return;
    try {
      const { body } = await this.#node.get('/metrics', this.#signal);
      this.#current = new Map([...this.#current, ...this.#latencies.update(body)]);
      this.#next = performance.now() + METRICS_PERIOD_MS;
    } catch {
      // `/alive` reports it.
    }
  }
}

/** Check → result text, from the body of `/alive` (contract). Throws if it is something else. */
export function readAlive(body: string): ReadonlyMap<string, string> {
  const { last_check_result: result } = JSON.parse(body) as { last_check_result?: object };
  if (result === undefined) throw new Error('/alive has no last_check_result');
  return new Map(
    Object.entries(result).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}
