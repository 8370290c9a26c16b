/** How long a suspect must be ok before it is cleared, in milliseconds. */
const CLEARED_AFTER_MS = 5 * 60_000;

/**
 * The maximum number of suspects: bounds the series, and the checks of a round, when a whole zone
 * is unreachable.
 */
const MAX_SUSPECTS = 10;

/**
 * The nodes for which a rotating check failed. They are checked in every round until they have been
 * ok for five minutes.
 */
export class Suspects {
  /** Since when each has been ok, in milliseconds; `Infinity` while it fails. */
  readonly #okSince = new Map<string, number>();

  /**
   * A check of the node has failed. If there are too many suspects, replaces the one that has been
   * ok the longest, or does not store the node if all of them fail. Returns whether the node has
   * become a suspect.
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

  /** Removes nodes that `isToKeep` rejects: those that are gone, or are now fixed neighbours. */
  keep(isToKeep: (node: string) => boolean): void {
    for (const node of this.#okSince.keys()) if (!isToKeep(node)) this.#okSince.delete(node);
  }

  nodes(): string[] {
    return [...this.#okSince.keys()];
  }
}
