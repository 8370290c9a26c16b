import { setTimeout as sleep } from 'node:timers/promises';
import { deadline } from '../deadline.ts';
import { printable } from '../printable.ts';
import { ApiError, apiRequest, unpacked } from './api-request.ts';
import { FirstItems, MAX_ITEMS } from './first-items.ts';
import { shownValue } from './invalid-values.ts';
import { LineSplitter } from './lines.ts';
import {
  type KubernetesObject,
  MAX_OBJECT_BYTES,
  type Page,
  type Received,
  readEvent,
  readPage,
  type WatchEvent,
} from './responses.ts';
import { RestedWork } from './rested-work.ts';

/**
 * Objects per page. A small page is parsed whole, so this bounds the peak memory of a list. With
 * 5,000 pods, pages of twice the size take 6 MB more, and of half the size 2 MB less (measured).
 */
const PAGE_OBJECTS = 50;
/** Twice as many as the kept objects need. */
const MAX_PAGES = (2 * MAX_ITEMS) / PAGE_OBJECTS;
/**
 * After this many pages, with 10,000 objects in total, pause for this many milliseconds before each
 * further one.
 */
const MAX_PAGES_WITHOUT_PAUSE = 200;
const PAGE_PAUSE_MS = 50;
/** Overall timeout of a page, in milliseconds. */
const PAGE_TIMEOUT_MS = 30_000;
/** Requested duration of a watch, in seconds: a random time between this and twice as long. */
const WATCH_SECONDS = 300;
/** Idle timeout of a watch, in milliseconds: a bookmark arrives about once a minute (measured). */
const IDLE_TIMEOUT_MS = 150_000;
/** A watch that has lasted this long, in milliseconds, counts as working even without an event. */
const WORKING_AFTER_MS = 5_000;
/**
 * After this many watches in a row that delivered events and ended sooner, an event no longer
 * counts as success.
 */
const MAX_SHORT_WATCHES = 2;
/**
 * Rest after work on events, as a multiple of the work: at 1, the median check takes seven times as
 * long while a server sends events without end, and at this value no longer than usual (measured).
 */
export const WATCH_REST = 4;
/** How many characters of an error's message to show. */
const MAX_MESSAGE_LENGTH = 300;
/**
 * Back-off after a failure, in milliseconds: it doubles with each failure, up to the maximum, and
 * is shortened at random by up to half.
 */
const INITIAL_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 30_000;
/**
 * The longest back-off that `retryNow()` cannot cut short, in milliseconds: in a longer outage, all
 * pods call it all the time.
 */
const MAX_LEAST_MS = 5_000;

export type InformerOptions<T extends KubernetesObject, Item> = Readonly<{
  /** The path of the collection, such as `/api/v1/nodes`. */
  path: string;
  /** Selectors. */
  query: Readonly<Record<string, string>>;
  /** Reduces an object to the fields that are kept; `previous`: the result for its last version. */
  transform: (object: T, previous: Item | undefined) => Item;
  /** The key of an object; its name if not set. */
  keyOf?: (object: T) => string;
}> &
  InformerEvents;

export type InformerEvents = Readonly<{
  /** Called after every change of the items. */
  onChange: () => void;
  /**
   * Called when there are more than `MAX_ITEMS` objects, so that the last by key are left out, and
   * when this ends.
   */
  onExcess: (isTooMany: boolean) => void;
  /** Called when the API server is unavailable, and not again before `onRecovery`. */
  onError: (error: Error) => void;
  /** Called when it is available again; `milliseconds`: the length of the outage. */
  onRecovery: (milliseconds: number) => void;
  /** Called with the reason whenever an invalid object is ignored. */
  onInvalid: (text: string) => void;
}>;

/**
 * The objects of a collection, listed once and kept up to date by a watch. While the API server is
 * unavailable, the last known items are kept: a missing response is never an empty collection.
 */
export class Informer<T extends KubernetesObject, Item> {
  readonly #options: InformerOptions<T, Item>;
  #items: FirstItems<Item> | undefined;
  #wasCut = false;
  #resourceVersion: string | undefined;
  #outage: { error: Error; since: number } | undefined;
  #failures = 0;
  #isWatching = false;
  #currentAt: number | null = null;
  /**
   * Consecutive watches, including the current one, that delivered events but were too short to
   * count as working.
   */
  #shortWatches = 0;
  /** Whether the last attempt ended because its resourceVersion was too old. */
  #wasGone = false;
  /** Ends the wait for the next attempt. */
  #retryNow = new AbortController();

  constructor(options: InformerOptions<T, Item>) {
    this.#options = options;
  }

  /** By key; `undefined` until the first list has been received. */
  get items(): ReadonlyMap<string, Item> | undefined {
    return this.#items?.items;
  }

  /** Whether the watch is connected. */
  get isWatching(): boolean {
    return this.#isWatching;
  }

  /** When the list was last known to be current, in Unix seconds; null before the first one. */
  get currentAt(): number | null {
    return this.#isWatching ? Date.now() / 1000 : this.#currentAt;
  }

  /** Why the API server is unavailable; `undefined` while it is not. */
  get error(): Error | undefined {
    return this.#outage?.error;
  }

  /**
   * Ends the back-off early, but not before `Retry-After` ends, nor before a second for each
   * failure in a row but the first, five at most. Does nothing while the watch is connected.
   */
  retryNow(): void {
    if (!this.#isWatching) this.#retryNow.abort();
  }

  /** Lists and watches until the signal aborts. Never rejects. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        // An attempt counts as failed until it has succeeded.
        this.#failures += 1;
        // Objects that were left out may fit by now: a watch ends after ten minutes at most.
        if (this.#items?.isCut) this.#resourceVersion = undefined;
        this.#resourceVersion ??= await this.#list(signal);
        const begun = performance.now();
        await this.#watch(signal);
        // A shorter watch is followed by a back-off even if it delivered events: the next may be
        // short, too.
        if (this.#failures === 0 && performance.now() - begun > WORKING_AFTER_MS) continue;
        throw new Error('the API server closes watches immediately');
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(inWords(error as Error), signal);
      }
    }
  }

  /**
   * Lists page by page, and replaces the items once all pages have been received, or once the
   * objects of further pages would be left out. Returns the list's resourceVersion.
   */
  async #list(signal: AbortSignal): Promise<string> {
    const items = new FirstItems<Item>();
    let listed = 0;
    let next: string | undefined;
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      if (pages >= MAX_PAGES_WITHOUT_PAUSE) await sleep(PAGE_PAUSE_MS, undefined, { signal });
      const page = await this.#listPage(next, signal, (received) => {
        const key = this.#keyOf(received);
        if (key !== undefined) items.set(key, this.#transform(key, received.object as T));
      });
      if (page.next === undefined || items.isCut) {
        this.#items = items;
        this.#changed();
        return page.resourceVersion;
      }
      // A page without new objects would be followed by more such pages.
      if (items.items.size === listed || page.next === next) break;
      listed = items.items.size;
      next = page.next;
    }
    throw new Error('the API server sent an endless list');
  }

  async #listPage(
    next: string | undefined,
    signal: AbortSignal,
    onObject: (received: Received) => void,
  ): Promise<Page> {
    using limit = deadline(
      signal,
      PAGE_TIMEOUT_MS,
      `the API server took longer than ${PAGE_TIMEOUT_MS / 1000} s to send a list`,
    );
    const response = await apiRequest(
      this.#options.path,
      {
        ...this.#options.query,
        limit: String(PAGE_OBJECTS),
        ...(next ? { continue: next } : {}),
      },
      limit.signal,
      // A page of pods compresses to a twentieth (docs/api-server-load.md).
      { 'accept-encoding': 'gzip' },
    );
    return await readPage(unpacked(response), onObject);
  }

  /** Watches from the last resourceVersion on. Returns when the API server ends the watch. */
  async #watch(signal: AbortSignal): Promise<void> {
    const response = await apiRequest(
      this.#options.path,
      {
        ...this.#options.query,
        watch: 'true',
        resourceVersion: this.#resourceVersion ?? '',
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(Math.round(WATCH_SECONDS * (1 + Math.random()))),
      },
      signal,
    );
    response.setTimeout(IDLE_TIMEOUT_MS, () =>
      response.destroy(
        new Error(`no watch event from the API server for ${IDLE_TIMEOUT_MS / 1000} s`),
      ),
    );
    const working = setTimeout(() => {
      this.#shortWatches = 0;
      this.#works();
    }, WORKING_AFTER_MS);
    const lines = new LineSplitter(MAX_OBJECT_BYTES);
    const work = new RestedWork(WATCH_REST, signal);
    let hasBrought = false;
    this.#isWatching = true;
    this.#retryNow = new AbortController();
    try {
      for await (const chunk of response) {
        work.begin(chunk.length);
        for (const line of lines.split(chunk)) {
          this.#apply(readEvent(line));
          if (!hasBrought) this.#shortWatches += 1;
          hasBrought = true;
          if (this.#shortWatches <= MAX_SHORT_WATCHES) this.#works();
          await work.rest();
        }
        await work.rest();
      }
    } finally {
      this.#isWatching = false;
      this.#currentAt = Date.now() / 1000;
      clearTimeout(working);
      response.destroy();
    }
  }

  #apply(event: WatchEvent): void {
    this.#resourceVersion = event.resourceVersion ?? this.#resourceVersion;
    if (event.kind === 'bookmark') return;
    const key = this.#keyOf(event);
    if (key === undefined || this.#items === undefined) return;
    const isChange =
      event.kind === 'deleted'
        ? this.#items.delete(key)
        : this.#items.set(key, this.#transform(key, event.object as T));
    if (isChange) this.#changed();
  }

  #changed(): void {
    const isCut = this.#items?.isCut ?? false;
    if (isCut !== this.#wasCut) this.#options.onExcess(isCut);
    this.#wasCut = isCut;
    this.#options.onChange();
  }

  #keyOf({ object, isTooLarge }: Received): string | undefined {
    if (object === undefined) this.#options.onInvalid('ignoring an object without a name');
    const key = object && (this.#options.keyOf?.(object as T) ?? object.metadata.name);
    if (isTooLarge && key !== undefined) {
      this.#options.onInvalid(`ignoring all but the name of ${shownValue(key)}: it is too large`);
    }
    return key;
  }

  #transform(key: string, object: T): Item {
    return this.#options.transform(object, this.#items?.items.get(key));
  }

  #works(): void {
    this.#failures = 0;
    this.#wasGone = false;
    if (this.#outage === undefined) return;
    const { since } = this.#outage;
    this.#outage = undefined;
    this.#options.onRecovery(performance.now() - since);
  }

  async #recover(error: Error, signal: AbortSignal): Promise<void> {
    const isGone = error instanceof ApiError && error.status === 410;
    if (isGone) this.#resourceVersion = undefined;
    if (isGone && !this.#wasGone) {
      // 410 Gone is normal: relist at once.
      this.#wasGone = true;
      this.#failures = Math.max(0, this.#failures - 1);
      return;
    }
    this.#wasGone = isGone;
    // A broken watch is expected; report only if it cannot be re-established.
    if (this.#failures > 0 && this.#outage === undefined) {
      this.#outage = { error, since: performance.now() };
      this.#options.onError(error);
    }
    const retryAfterMs = error instanceof ApiError ? (error.retryAfter ?? 0) * 1000 : 0;
    await this.#wait(Math.min(retryAfterMs, MAX_BACKOFF_MS), signal);
  }

  /**
   * Waits for the back-off, or until `retryNow()`, but for at least `least` milliseconds, and for
   * at least a second after each of the first two failures in a row, then a second more for each
   * further one, up to five seconds.
   */
  async #wait(least: number, signal: AbortSignal): Promise<void> {
    const begun = performance.now();
    const wait = Math.min(INITIAL_BACKOFF_MS * 2 ** this.#failures, MAX_BACKOFF_MS);
    const milliseconds = Math.max(wait * (0.5 + Math.random() / 2), least);
    const ended = AbortSignal.any([signal, this.#retryNow.signal]);
    await sleep(milliseconds, undefined, { signal: ended }).catch(() => {});
    if (!this.#retryNow.signal.aborted) return;
    this.#retryNow = new AbortController();
    const own = Math.min(INITIAL_BACKOFF_MS * Math.max(1, this.#failures - 1), MAX_LEAST_MS);
    const left = Math.max(own, least) - (performance.now() - begun);
    await sleep(Math.max(0, left), undefined, { signal }).catch(() => {});
  }
}

/**
 * A readable error for a connection that is closed during a response; any other error with a
 * printable message.
 */
function inWords(error: Error): Error {
  const { code } = error as NodeJS.ErrnoException;
  const isCut = error.message === 'aborted' || code === 'ERR_STREAM_PREMATURE_CLOSE';
  if (isCut)
    return new Error('the connection to the API server was closed unexpectedly', { cause: error });
  const shown = printable(error.message, MAX_MESSAGE_LENGTH);
  return shown === error.message ? error : new Error(shown, { cause: error });
}
