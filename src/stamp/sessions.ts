/**
 * How many replies a Session-Reflector sends per second: to one source, and to all together. A source gets its first 20,
 * which is two whole sessions of a neighbour (`sender.ts`), from all 5,000, and its further ones only from the first 2,500.
 */
const MAX_PER_SECOND = { source: 200, all: 5_000 };
const FIRST = 20;
const MAX_BEFORE_FURTHER = 2_500;

/**
 * Sources and sessions of each that are remembered, together some 5 MB at the most. A session lasts two seconds; it is
 * forgotten when so many others have come since, and would then begin anew.
 */
const MAX_SOURCES = 2_048;
const MAX_SESSIONS = 32;

type Source = {
  second: number;
  /** Replies in that second. */
  replies: number;
  /** The replies so far, by session; the one used last is the last. */
  readonly sessions: Map<string, number>;
};

/** The sessions of a stateful Session-Reflector, within bounds: a flood of a hundred sources costs the others nothing. */
export class Sessions {
  /** The one used last is the last. */
  readonly #sources = new Map<string, Source>();
  #second = -Infinity;
  #replies = 0;

  /**
   * The sequence number of the next reply in a session of the source (RFC 8762, section 4.3), from 0; `undefined` if there
   * is to be none, because its rate is exceeded. `now`: milliseconds of `performance.now()`.
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

/** Sets the value as the last one, and deletes the first where there are more than `max`. */
function useLast<Value>(map: Map<string, Value>, key: string, value: Value, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  for (const first of map.keys()) {
    map.delete(first);
    return;
  }
}
