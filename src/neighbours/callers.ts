/** How long a caller counts after its last request, in milliseconds (the contract). */
const REMEMBERED_MS = 60_000;

/** A name longer than this is no node's and no pod's (RFC 1123, 253 characters). */
const LONGEST_NAME = 253;

/** Twice what Kubernetes supports in nodes (5,000), so that no header can grow the set further. */
const MOST_CALLERS = 10_000;

/** Who asked us in the last minute. Names come from the network: both their length and number are bounded. */
export class Callers {
  readonly #lastSeen = new Map<string, number>();

  /** Remembers a caller. A name too long to be one, and a new one past the bound, is ignored. */
  saw(name: string): void {
    if (name === '' || name.length > LONGEST_NAME) return;
    // Deleted first, so that the map stays in the order of the last request.
    this.#lastSeen.delete(name);
    if (this.#lastSeen.size >= MOST_CALLERS) this.#forgetOld();
    if (this.#lastSeen.size < MOST_CALLERS) this.#lastSeen.set(name, performance.now());
  }

  /** The number of distinct callers of the last 60 s. */
  count(): number {
    this.#forgetOld();
    return this.#lastSeen.size;
  }

  #forgetOld(): void {
    const oldest = performance.now() - REMEMBERED_MS;
    for (const [name, at] of this.#lastSeen) {
      if (at > oldest) return;
      this.#lastSeen.delete(name);
    }
  }
}
