/** How long a suspect has to be ok before it is none any more, in milliseconds. */
const CLEARED_AFTER_MS = 5 * 60_000;

/** How many suspects there are at once: bounds the series, and the checks of a round, where a whole zone is unreachable. */
const MAX_SUSPECTS = 10;

/** The nodes to which a rotating check failed: to be checked in every round until they have been ok for five minutes. */
export class Suspects {
  /** Since when each has been ok, in milliseconds; `Infinity` while it fails. */
  readonly #okSince = new Map<string, number>();

  /**
   * A check of the node has failed. Takes the place of the one that has been ok the longest if there are too many; is not
   * stored if all of them fail. Returns whether the node was not a suspect before and is one now.
   */
  failed(node: string): boolean {
    const isNew = !this.#okSince.has(node);
    if (isNew && this.#okSince.size >= MAX_SUSPECTS) {
      const [oldest] = [...this.#okSince].sort(([, a], [, b]) => (a < b ? -1 : 1));
      if (oldest === undefined || oldest[1] === Infinity) return false;
      this.#okSince.delete(oldest[0]);
    }
    this.#okSince.set(node, Infinity);
    return isNew;
  }

  /** A check of the node was ok at `now`, in milliseconds of a monotonic clock. */
  ok(node: string, now: number): void {
    const since = this.#okSince.get(node);
    if (since === undefined) return;
    if (since === Infinity) this.#okSince.set(node, now);
    else if (now - since >= CLEARED_AFTER_MS) this.#okSince.delete(node);
  }

  /** Removes those that `isToKeep` denies: nodes that are gone, or are fixed neighbours by now. */
  keep(isToKeep: (node: string) => boolean): void {
    for (const node of this.#okSince.keys()) if (!isToKeep(node)) this.#okSince.delete(node);
  }

  nodes(): string[] {
    return [...this.#okSince.keys()];
  }
}
