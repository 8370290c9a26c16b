import type { ServerResponse } from 'node:http';
import type { KubeObject, Resource } from '../../parts/control-plane.ts';
import { withKind } from './api-request.ts';
import { ApiError } from './api-status.ts';
import type { Change, ObjectStore } from './object-store.ts';
import type { Predicate } from './selectors.ts';

/** A client with more unread bytes than this is disconnected. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

/** Time from the last bookmark to the end of a watch, as in kube-apiserver's `nextBookmarkTime`. */
const BOOKMARK_BEFORE_END_MS = 2_000;

/** With a longer delay, Node's timers fire immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The parameters of a watch. */
export type WatchOptions = Readonly<{
  resource: Resource;
  matches: Predicate;
  /** Only later events are sent; if undefined or 0, all existing objects come first, as ADDED. */
  resourceVersion: number | undefined;
  /** Undefined: no bookmarks. */
  bookmarkIntervalMs: number | undefined;
  timeoutSeconds: number;
}>;

/**
 * The response to one watch: one JSON object per line for each event. It owns its timers until the
 * response is closed.
 */
export class WatchStream {
  readonly #store: ObjectStore;
  readonly #options: WatchOptions;
  readonly #response: ServerResponse;
  readonly #isSilent: () => boolean;
  /** The revision of the last change that was processed. */
  #revision: number;
  #timeIsUp = false;

  /**
   * Responds immediately. While `isSilent()`, it sends nothing more; call `deliver` when that ends.
   */
  constructor(
    store: ObjectStore,
    options: WatchOptions,
    response: ServerResponse,
    isSilent: () => boolean,
  ) {
    this.#store = store;
    this.#options = options;
    this.#response = response;
    this.#isSilent = isSilent;
    this.#revision = options.resourceVersion || store.revision;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (!options.resourceVersion) this.#sendExisting();
    this.#startTimers();
    this.deliver();
  }

  /** Sends what has changed since the last call. */
  deliver(): void {
    if (this.#isSilent() || !this.#isOpen) return;
    const changes = this.#store.changesSince(this.#revision);
    if (!changes) {
      const oldest = this.#store.oldestRevision;
      this.expire(`too old resource version: ${this.#revision} (${oldest})`);
      return;
    }
    for (const change of changes) {
      this.#revision = change.revision;
      const event = eventOf(change, this.#options);
      if (event) this.#send(event.type, event.object);
    }
    if (this.#timeIsUp) this.#response.end();
  }

  /** Ends the watch, unless silent, with the error that makes a client relist. */
  expire(message: string): void {
    if (this.#isSilent() || !this.#isOpen) return;
    this.#write({ type: 'ERROR', object: new ApiError(410, message).status });
    this.#response.end();
  }

  get #isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  #startTimers(): void {
    const { bookmarkIntervalMs, timeoutSeconds } = this.#options;
    const end = () => {
      this.#timeIsUp = true;
      this.deliver();
    };
    const timeoutMs = Math.min(timeoutSeconds * 1000, MAX_TIMER_MS);
    const timers = [setTimeout(end, timeoutMs)];
    if (bookmarkIntervalMs) {
      const bookmark = () => this.#sendBookmark();
      timers.push(setInterval(bookmark, bookmarkIntervalMs));
      const lastMs = timeoutMs - BOOKMARK_BEFORE_END_MS;
      if (lastMs > 0) timers.push(setTimeout(bookmark, lastMs));
    }
    this.#response.once('close', () => {
      for (const timer of timers) clearTimeout(timer);
    });
  }

  #sendExisting(): void {
    const { resource, matches } = this.#options;
    for (const [, object] of this.#store.list(resource, this.#revision) ?? []) {
      if (matches(object)) this.#send('ADDED', object);
    }
  }

  #sendBookmark(): void {
    if (this.#isSilent()) return;
    this.#send('BOOKMARK', { metadata: { resourceVersion: String(this.#revision) } });
  }

  #send(type: string, object: object): void {
    this.#write({ type, object: withKind(this.#options.resource, object) });
  }

  #write(event: { type: string; object: object }): void {
    if (!this.#isOpen) return;
    this.#response.write(`${JSON.stringify(event)}\n`);
    if (this.#response.writableLength > MAX_UNREAD_BYTES) this.#response.destroy();
  }
}

/** What a change means to a watch; undefined if it does not concern it. */
function eventOf(
  { resource, revision, before, after }: Change,
  watch: WatchOptions,
): { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject } | undefined {
  if (resource !== watch.resource) return undefined;
  const matched = before !== undefined && watch.matches(before);
  if (after && watch.matches(after)) return { type: matched ? 'MODIFIED' : 'ADDED', object: after };
  if (!matched) return undefined;
  // The last state that matched, with the revision at which it stopped matching.
  const metadata = { ...before.metadata, resourceVersion: String(revision) };
  return { type: 'DELETED', object: { ...before, metadata } };
}
