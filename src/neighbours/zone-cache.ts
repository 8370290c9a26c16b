import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Timeout of one look-up, and how long to wait for the next after a failure and otherwise, in
 * milliseconds.
 */
const LOOKUP_TIMEOUT_MS = 5_000;
const RETRY_AFTER_MS = 60_000;
const LOOKUP_INTERVAL_MS = 1_000;

/**
 * Twice the number of nodes that Kubernetes supports: with more, the known zones are forgotten, and
 * looked up again.
 */
const MAX_NODES = 10_000;

export type ZoneCacheOptions = Readonly<{
  /** Reads the zone label of a node; empty without one. Rejects when it cannot be read. */
  readZone: (nodeName: string, signal: AbortSignal) => Promise<string>;
  /** Called when a zone has become known. */
  onKnown: () => void;
  /** Ends the look-ups. */
  signal: AbortSignal;
}>;

/**
 * The zones of the requested nodes, looked up one at a time, so that a rollout puts little load on
 * the API server.
 */
export class ZoneCache {
  readonly #options: ZoneCacheOptions;
  readonly #known = new Map<string, string>();
  readonly #wanted = new Set<string>();
  #isLookingUp = false;

  constructor(options: ZoneCacheOptions) {
    this.#options = options;
  }

  /**
   * The zone of a node; undefined until looked up, empty if there is none or it could not be read
   * yet.
   */
  get(nodeName: string): string | undefined {
    if (!this.#known.has(nodeName) && this.#wanted.size < MAX_NODES) {
      this.#wanted.add(nodeName);
      if (!this.#isLookingUp) this.#lookUp();
    }
    return this.#known.get(nodeName);
  }

  async #lookUp(): Promise<void> {
    const { readZone, onKnown, signal } = this.#options;
    this.#isLookingUp = true;
    for (const nodeName of this.#wanted) {
      const isOver = AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)]);
      const zone = await readZone(nodeName, isOver).catch(() => undefined);
      if (this.#known.size >= MAX_NODES) this.#known.clear();
      this.#known.set(nodeName, zone ?? '');
      onKnown();
      this.#wanted.delete(nodeName);
      // Retried after the others.
      if (zone === undefined) this.#wanted.add(nodeName);
      const wait = zone === undefined ? RETRY_AFTER_MS : LOOKUP_INTERVAL_MS;
      await sleep(wait, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
    }
    this.#isLookingUp = false;
  }
}
