import { setTimeout as sleep } from 'node:timers/promises';

/** How long one look-up may take, and how long to wait until the next, after a failure and else, in milliseconds. */
const LOOK_UP_MS = 5_000;
const AFTER_FAILURE_MS = 60_000;
const BETWEEN_MS = 1_000;

/** Twice what Kubernetes supports in nodes: more are forgotten, and looked up again. */
const MOST_NODES = 10_000;

export type ZonesOptions = Readonly<{
  /** The zone that a node says it is in, empty where it says none. Rejects when it cannot be read. */
  readZone: (nodeName: string, signal: AbortSignal) => Promise<string>;
  /** Called when a zone has become known. */
  onKnown: () => void;
  /** Ends the look-ups. */
  signal: AbortSignal;
}>;

/** The zones of the nodes that are asked for, looked up one at a time, so that a rollout costs the API server little. */
export class Zones {
  readonly #options: ZonesOptions;
  readonly #known = new Map<string, string>();
  readonly #wanted = new Set<string>();
  #isLookingUp = false;

  constructor(options: ZonesOptions) {
    this.#options = options;
  }

  /** The zone of a node; empty until it is known. */
  of(nodeName: string): string {
    const zone = this.#known.get(nodeName);
    if (zone === undefined && this.#wanted.size < MOST_NODES) {
      this.#wanted.add(nodeName);
      if (!this.#isLookingUp) this.#lookUp();
    }
    return zone ?? '';
  }

  async #lookUp(): Promise<void> {
    const { readZone, onKnown, signal } = this.#options;
    this.#isLookingUp = true;
    for (const nodeName of this.#wanted) {
      let wait = BETWEEN_MS;
      try {
        const zone = await readZone(
          nodeName,
          AbortSignal.any([signal, AbortSignal.timeout(LOOK_UP_MS)]),
        );
        if (this.#known.size >= MOST_NODES) this.#known.clear();
        this.#known.set(nodeName, zone);
        onKnown();
      } catch {
        // Whoever still wants it asks again.
        wait = AFTER_FAILURE_MS;
      }
      this.#wanted.delete(nodeName);
      await sleep(wait, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
    }
    this.#isLookingUp = false;
  }
}
