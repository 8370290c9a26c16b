import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterNode } from '../cluster/node.ts';

/** A check's value as `/alive` shows it, and since when (milliseconds since the epoch). */
export type Answer = Readonly<{ text: string; since: number }>;

/** What a node says at the moment: check → answer. A node that says nothing has the one check `/alive`. */
export type Report = Readonly<{ node: string; answers: ReadonlyMap<string, Answer> }>;

/** The name under which it is reported that a node does not say anything. */
export const ALIVE = '/alive';

const PERIOD_MS = 1_000;
/** KUBENURSE_NEIGHBOUR_LIMIT's default (contract). */
const NEIGHBOUR_LIMIT = 10;

/** Whether an answer is as it should be. */
export function isFine({ text }: Answer): boolean {
  return text === 'ok' || text === 'skipped';
}

/** Asks every node for its `/alive` again and again, a second after its last answer. */
export class Watch {
  readonly #cluster: Cluster;
  readonly #reports = new Map<string, Report>();
  readonly #stop = new AbortController();
  readonly #heard: (before: Report | undefined, now: Report) => void;

  /** `heard` is told what each node said before, and what it says now. */
  constructor(cluster: Cluster, heard: (before: Report | undefined, now: Report) => void) {
    this.#cluster = cluster;
    this.#heard = heard;
    for (const node of cluster.nodes) void this.#follow(node);
  }

  /** What each node says, in the order of the nodes; nothing of those that were not heard yet. */
  get reports(): readonly Report[] {
    return this.#cluster.nodes.map(
      ({ name }) => this.#reports.get(name) ?? { node: name, answers: new Map() },
    );
  }

  /** Whether every node was heard, has all the neighbours it should have, and finds nothing wrong. */
  get isAllFine(): boolean {
    const { nodes, faults } = this.#cluster;
    return this.reports.every(({ node, answers }) => {
      if (faults.get(node) === 'deleted') return true;
      const others = nodes.filter(({ name, isNeighbour }) => name !== node && isNeighbour).length;
      const paths = [...answers.keys()].filter((check) => check.startsWith('path_')).length;
      const isComplete = answers.size > 0 && paths >= Math.min(others, NEIGHBOUR_LIMIT);
      return isComplete && [...answers.values()].every(isFine);
    });
  }

  close(): void {
    this.#stop.abort();
  }

  async #follow(node: ClusterNode): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const texts = await this.#ask(node);
      if (signal.aborted) return;
      const before = this.#reports.get(node.name);
      const answers = new Map(
        [...texts].map(([check, text]): [string, Answer] => {
          const known = before?.answers.get(check);
          return [check, known?.text === text ? known : { text, since: Date.now() }];
        }),
      );
      const now = { node: node.name, answers };
      this.#reports.set(node.name, now);
      this.#heard(before, now);
      await sleep(PERIOD_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #ask(node: ClusterNode): Promise<ReadonlyMap<string, string>> {
    if (this.#cluster.faults.get(node.name) === 'deleted') return new Map();
    if (node.ended !== undefined) return new Map([[ALIVE, `the program ${node.ended}`]]);
    try {
      return readAlive((await node.alive(this.#stop.signal)).body);
    } catch (error) {
      return new Map([[ALIVE, (error as Error).message]]);
    }
  }
}

/** Check → value, out of what `/alive` answers (contract). Throws when it is not that. */
export function readAlive(body: string): ReadonlyMap<string, string> {
  const { last_check_result: result } = JSON.parse(body) as { last_check_result?: object };
  if (result === undefined) throw new Error('/alive has no last_check_result');
  return new Map(
    Object.entries(result).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}
