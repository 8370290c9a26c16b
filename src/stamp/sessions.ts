/**
 * How many replies a Session-Reflector sends per second: to one source, and to all together. The
 * first 20 to a source, two whole sessions of a neighbour (`sender.ts`), come from all 5,000; its
 * further ones only from the first 2,500.
 */
const MAX_PER_SECOND = { source: 200, all: 5_000 };
const FIRST = 20;
const MAX_BEFORE_FURTHER = 2_500;

/**
 * Maximum remembered sources, and sessions of each, together some 5 MB at most. A session lasts two
 * seconds; it is forgotten once this many others have come since, and would then start anew.
 */
const MAX_SOURCES = 2_048;
const MAX_SESSIONS = 32;

type Source = {
  second: number;
  /** Replies in that second. */
  replies: number;
  /** The replies so far, by session; the most recently used last. */
  readonly sessions: Map<string, number>;
};

/**
 * The sessions of a stateful Session-Reflector, bounded so that a flood from a hundred sources
 * costs the others nothing.
 */
export class Sessions {
  /** The most recently used last. */
  readonly #sources = new Map<string, Source>();
  #second = -Infinity;
  #replies = 0;

  /**
   * The sequence number of the next reply in a session of the source (RFC 8762, section 4.3), from
   * 0; `undefined` if no reply may be sent because the rate is exceeded. `now`: milliseconds of
   * `performance.now()`.
   */
  next(address: string, session: string, now: number): number | undefined {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#replies = 0;
    }
    const source = this.#sources.get(address) ?? { second, replies: 0, sessions: new Map() };
    if (source.second !== second) {
      source.second = second;
      source.replies = 0;
    }
    const max = source.replies < FIRST ? MAX_PER_SECOND.all : MAX_BEFORE_FURTHER;
    if (this.#replies >= max || source.replies >= MAX_PER_SECOND.source) return undefined;
    source.replies++;
    this.#replies++;
    useLast(this.#sources, address, source, MAX_SOURCES);
    const sequence = source.sessions.get(session) ?? 0;
    useLast(source.sessions, session, sequence + 1, MAX_SESSIONS);
    return sequence;
  }
}

/** Sets the value as the last entry, and deletes the first if there are more than `max`. */
function useLast<Value>(map: Map<string, Value>, key: string, value: Value, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  for (const first of map.keys()) {
    map.delete(first);
    return;
  }
}
