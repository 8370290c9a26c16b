import { setTimeout as sleep } from 'node:timers/promises';
import { deadline } from '../deadline.ts';
import { ApiError, apiRequest, readBody } from './api-request.ts';
import { readLines } from './lines.ts';

/** The part of every Kubernetes object that keeping a collection needs. */
export type KubernetesObject = { metadata: { name: string; resourceVersion?: string } };

type List<T> = { metadata: { resourceVersion: string; continue?: string }; items: T[] };
type WatchEvent<T> = { type: string; object: T & { code?: number; message?: string } };

/**
 * Objects a page. A page is parsed whole, so that this bounds what a list takes of memory at its peak: with 5,000 pods,
 * twice as many a page are 6 MB more, half as many 2 MB less (measured).
 */
const PAGE_OBJECTS = 50;
/** In bytes: room for 300 KB an object, ten times what a pod or node has. */
const MOST_PAGE_BYTES = 32 * 1024 * 1024;
/** Enough for 200,000 objects; Kubernetes supports 150,000 pods. */
const MOST_PAGES = 2_000;
/** In bytes; etcd takes no object of more than 1.5 MiB. */
const MOST_EVENT_BYTES = 8 * 1024 * 1024;
/** How long a page may take in all, in milliseconds. */
const PAGE_MS = 30_000;
/** How long the API server is asked to keep a watch open, in seconds: between this and twice as much. */
const WATCH_SECONDS = 300;
/** How long a watch may be silent, in milliseconds: a bookmark comes about once a minute (measured). */
const SILENCE_MS = 150_000;
/** A watch that has lived so long, in milliseconds, counts as working even if it brought no event. */
const WORKING_AFTER_MS = 5_000;
/**
 * The wait after a watch that worked has broken; it doubles with each failure, up to the longest, and is shortened at
 * random by up to a half. Milliseconds.
 */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

export type CollectionOptions<T extends KubernetesObject, Item> = Readonly<{
  /** The path of the collection, such as `/api/v1/nodes`. */
  path: string;
  /** Selectors. */
  query: Readonly<Record<string, string>>;
  /** The few fields that are kept of an object; `previous`: what was kept of it before. */
  pick: (object: T, previous: Item | undefined) => Item;
  /** Called after every change of the items. */
  onChange: () => void;
  /** Called when the API server cannot be asked, and not again before `onContact`. */
  onTrouble: (error: Error) => void;
  /** Called when it can be asked again; `milliseconds`: how long it could not. */
  onContact: (milliseconds: number) => void;
}>;

/**
 * The objects of a collection of the API server, listed once and kept up to date by a watch. When the API server
 * is away the last known items stay: no answer is never an empty collection.
 */
export class Collection<T extends KubernetesObject, Item> {
  readonly #options: CollectionOptions<T, Item>;
  #items: Map<string, Item> | undefined;
  #resourceVersion: string | undefined;
  #trouble: { error: Error; since: number } | undefined;
  #failures = 0;
  #isCurrent = false;
  /** Whether the last attempt ended because its resourceVersion was too old. */
  #wasGone = false;
  /** Ends the wait for the next attempt. */
  #hurry = new AbortController();

  constructor(options: CollectionOptions<T, Item>) {
    this.#options = options;
  }

  /** By name; `undefined` until the first list has come. */
  get items(): ReadonlyMap<string, Item> | undefined {
    return this.#items;
  }

  /** Whether the API server tells of changes at the moment. */
  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  /** Why the API server cannot be asked; `undefined` while it can. */
  get trouble(): Error | undefined {
    return this.#trouble?.error;
  }

  /**
   * Has the API server be asked again as soon as a second after the last attempt, if that failed, or when it said
   * itself. Does nothing while it tells of changes.
   */
  hurry(): void {
    if (!this.#isCurrent) this.#hurry.abort();
  }

  /** Lists and watches until the signal aborts. Never rejects. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        // An attempt counts as failed until it has shown itself to work.
        this.#failures += 1;
        this.#resourceVersion ??= await this.#list(signal);
        const begun = performance.now();
        await this.#watch(signal);
        // One that ends sooner is followed by a wait even if it brought events: the next may be the same.
        if (this.#failures === 0 && performance.now() - begun > WORKING_AFTER_MS) continue;
        throw new Error('the API server ends watches at once');
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(inWords(error as Error), signal);
      }
    }
  }

  /** Lists page by page, and replaces the items when all have come. Returns the list's resourceVersion. */
  async #list(signal: AbortSignal): Promise<string> {
    const items = new Map<string, Item>();
    let next: string | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      using limit = deadline(signal, PAGE_MS, 'the API server takes too long over a list');
      const response = await apiRequest(
        this.#options.path,
        {
          ...this.#options.query,
          limit: String(PAGE_OBJECTS),
          ...(next ? { continue: next } : {}),
        },
        limit.signal,
        // A page of pods is packed to a twentieth (docs/api-server-load.md).
        { 'accept-encoding': 'gzip' },
      );
      const page = parse<List<T>>(await readBody(response, MOST_PAGE_BYTES));
      if (!Array.isArray(page.items) || typeof page.metadata?.resourceVersion !== 'string') {
        throw new Error('the API server answered with something that is no list');
      }
      for (const object of page.items) {
        const { name } = object.metadata;
        items.set(name, this.#options.pick(object, this.#items?.get(name)));
      }
      next = page.metadata.continue;
      if (next) continue;
      this.#items = items;
      this.#options.onChange();
      return page.metadata.resourceVersion;
    }
    throw new Error('the API server answers with a list that does not end');
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
    response.setTimeout(SILENCE_MS, () =>
      response.destroy(new Error('the API server has fallen silent in a watch')),
    );
    const working = setTimeout(() => this.#works(), WORKING_AFTER_MS);
    this.#isCurrent = true;
    this.#hurry = new AbortController();
    try {
      for await (const line of readLines(response, MOST_EVENT_BYTES)) {
        this.#apply(parse<WatchEvent<T>>(line));
        this.#works();
      }
    } finally {
      this.#isCurrent = false;
      clearTimeout(working);
      response.destroy();
    }
  }

  #apply({ type, object }: WatchEvent<T>): void {
    if (type === 'ERROR') throw new ApiError(object?.code ?? 0, object?.message ?? 'a watch error');
    const { name, resourceVersion } = object?.metadata ?? {};
    if (resourceVersion === undefined) throw new Error('a watch event without resourceVersion');
    this.#resourceVersion = resourceVersion;
    if (type === 'BOOKMARK' || name === undefined) return;
    if (type === 'DELETED') this.#items?.delete(name);
    else this.#items?.set(name, this.#options.pick(object, this.#items.get(name)));
    this.#options.onChange();
  }

  #works(): void {
    this.#failures = 0;
    this.#wasGone = false;
    if (this.#trouble === undefined) return;
    const { since } = this.#trouble;
    this.#trouble = undefined;
    this.#options.onContact(performance.now() - since);
  }

  async #recover(error: Error, signal: AbortSignal): Promise<void> {
    const isGone = error instanceof ApiError && error.status === 410;
    if (isGone) this.#resourceVersion = undefined;
    if (isGone && !this.#wasGone) {
      // It is in the way of things that a watch is too old: what has happened since is asked for at once.
      this.#wasGone = true;
      this.#failures = Math.max(0, this.#failures - 1);
      return;
    }
    this.#wasGone = isGone;
    // It is so that a watch breaks off; it is trouble if no other can be had.
    if (this.#failures > 0 && this.#trouble === undefined) {
      this.#trouble = { error, since: performance.now() };
      this.#options.onTrouble(error);
    }
    const asked = error instanceof ApiError ? (error.retryAfter ?? 0) * 1000 : 0;
    await this.#wait(Math.min(asked, LONGEST_WAIT_MS), signal);
  }

  /** Waits for as long as the failures say, or until somebody is in a hurry, but not less than `least` milliseconds. */
  async #wait(least: number, signal: AbortSignal): Promise<void> {
    const begun = performance.now();
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.#failures, LONGEST_WAIT_MS);
    const milliseconds = Math.max(wait * (0.5 + Math.random() / 2), least);
    const ended = AbortSignal.any([signal, this.#hurry.signal]);
    await sleep(milliseconds, undefined, { signal: ended }).catch(() => {});
    if (!this.#hurry.signal.aborted) return;
    this.#hurry = new AbortController();
    const left = Math.max(FIRST_WAIT_MS, least) - (performance.now() - begun);
    await sleep(Math.max(0, left), undefined, { signal }).catch(() => {});
  }
}

/** What Node says of a connection that is cut in the middle of an answer, said plainly; any other error as it is. */
function inWords(error: Error): Error {
  const { code } = error as NodeJS.ErrnoException;
  const isCut = error.message === 'aborted' || code === 'ERR_STREAM_PREMATURE_CLOSE';
  return isCut ? new Error('the connection to the API server was cut', { cause: error }) : error;
}

function parse<Value>(text: string): Value {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error('the API server answered with something that is no JSON', { cause });
  }
}
