/**
 * The order in which a pod checks all others. If the lists of all pods are the same, each pod is
 * checked by as many in a round as it checks.
 */
export class Rotation {
  #known: Readonly<{ ownNode: string; nodes: readonly string[]; others: string[] }> | undefined;
  /** The node that was checked last. */
  #last = '';
  /** Of the current cycle. */
  #roundsLeft = 0;

  /**
   * The nodes to check in a round, at most `count`, never `ownNode`: each of the others within
   * ⌈(N-1)/count⌉ rounds. The number of the round determines the node at which a cycle begins, so
   * that pods agree. From there the cycle follows the order of names, so that nodes that come and
   * go make it skip no other.
   *
   * `nodes`: distinct, in the order of `sort()`; whether `ownNode` is among them does not matter.
   */
  next(ownNode: string, nodes: readonly string[], round: number, count: number): string[] {
    const others = this.#othersOf(ownNode, nodes);
    const size = Math.min(count, others.length);
    if (size === 0) return [];
    const isNewCycle = this.#roundsLeft <= 0;
    const first = isNewCycle
      ? firstAfter(ownNode, others) + round * size
      : firstAfter(this.#last, others);
    if (isNewCycle) this.#roundsLeft = Math.ceil(others.length / size);
    this.#roundsLeft -= 1;
    const chosen = Array.from(
      { length: size },
      (_, index) => others[(first + index) % others.length] ?? '',
    );
    this.#last = chosen.at(-1) ?? '';
    return chosen;
  }

  #othersOf(ownNode: string, nodes: readonly string[]): string[] {
    if (this.#known?.nodes !== nodes || this.#known.ownNode !== ownNode) {
      this.#known = { ownNode, nodes, others: nodes.filter((node) => node !== ownNode) };
    }
    return this.#known.others;
  }
}

/** The index of the first node after this name, 0 after the last one. */
function firstAfter(name: string, nodes: readonly string[]): number {
  let [low, high] = [0, nodes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((nodes[middle] ?? '') > name) high = middle;
    else low = middle + 1;
  }
  return low % nodes.length;
}
