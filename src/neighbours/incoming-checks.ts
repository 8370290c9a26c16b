/** How long a caller counts after its last request, in milliseconds (the contract). */
const WINDOW_MS = 60_000;

/** A name longer than this is no node's and no pod's (RFC 1123, 253 characters). */
const MAX_NAME_LENGTH = 253;

/** Twice what Kubernetes supports in nodes (5,000), so that no header can grow the set further. */
const MAX_SENDERS = 10_000;

/** Who asked us in the last minute. Names come from the network: both their length and number are bounded. */
export class IncomingChecks {
  readonly #lastSeen = new Map<string, number>();

  /** Remembers a caller. A name too long to be one, and a new one past the bound, is ignored. */
  record(name: string): void {
    if (name === '' || name.length > MAX_NAME_LENGTH) return;
    // Deleted first, so that the map stays in the order of the last request.
    this.#lastSeen.delete(name);
    if (this.#lastSeen.size >= MAX_SENDERS) this.#forgetOld();
    if (this.#lastSeen.size < MAX_SENDERS) this.#lastSeen.set(name, performance.now());
  }

  /** The number of distinct incomingChecks of the last 60 s. */
  count(): number {
    this.#forgetOld();
    return this.#lastSeen.size;
  }

  #forgetOld(): void {
    const oldest = performance.now() - WINDOW_MS;
    for (const [name, at] of this.#lastSeen) {
      if (at > oldest) return;
      this.#lastSeen.delete(name);
    }
  }
}
