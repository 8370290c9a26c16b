import type { ListedPod } from '../neighbours/pod-list.ts';
import type { CheckReport } from '../verdict/report.ts';

/**
 * The order in which pods are requested to report: random, except that pods whose node is reached
 * by none of the checks known so far come last. A request that times out takes a hundred times as
 * long as another, and the pods that do respond show which ones will not.
 */
export class RequestOrder {
  readonly #waiting: ListedPod[];
  readonly #last: ListedPod[] = [];
  readonly #failing = new Set<string>();
  readonly #reached = new Set<string>();

  constructor(pods: readonly ListedPod[]) {
    this.#waiting = shuffled(pods);
  }

  /** Takes what a pod has reported into account. */
  learn(checks: readonly CheckReport[]): void {
    for (const { node, state, consecutive } of checks) {
      if (node === undefined) continue;
      if (state === 'ok') this.#reached.add(node);
      else if (state === 'failing' && consecutive > 1) this.#failing.add(node);
    }
  }

  /** The next pod; undefined when there is none left. */
  next(): ListedPod | undefined {
    for (let pod = this.#waiting.pop(); pod !== undefined; pod = this.#waiting.pop()) {
      if (!this.#isDoubted(pod.node)) return pod;
      this.#last.push(pod);
    }
    return this.#last.pop();
  }

  #isDoubted(node: string): boolean {
    return this.#failing.has(node) && !this.#reached.has(node);
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const order = items.map((item) => ({ item, at: Math.random() })).sort((a, b) => a.at - b.at);
  return order.map(({ item }) => item);
}
