import { copyOf } from '../printable.ts';

/** How long a sender counts after its last request, in milliseconds (the contract). */
const WINDOW_MS = 60_000;

/** The maximum length of a node or pod name (RFC 1123, 253 characters). */
const MAX_NAME_LENGTH = 253;

/**
 * Twice the number of nodes that Kubernetes supports (5,000): no header can grow the set further.
 */
const MAX_SENDERS = 10_000;

/**
 * The pods that checked this one in the last minute. Names come from the network, so their length
 * and number are bounded.
 */
export class IncomingChecks {
  readonly #lastSeen = new Map<string, number>();

  /** Records a sender. A name that is too long, or a new one beyond the maximum, is ignored. */
  record(name: string): void {
    if (name === '' || name.length > MAX_NAME_LENGTH) return;
    // Deleted first, so that the map stays in the order of the last request.
    this.#lastSeen.delete(name);
    if (this.#lastSeen.size >= MAX_SENDERS) this.#forgetOld();
    // A name that is a slice of its request's head would keep 24 KB in memory.
    if (this.#lastSeen.size < MAX_SENDERS) this.#lastSeen.set(copyOf(name), performance.now());
  }

  /** The number of distinct senders in the last 60 s. */
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
