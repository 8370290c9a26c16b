/** Maximum zones, versions, events and states: a cluster has some dozens. */
const MAX_WORDS = 1_000;

/**
 * Maximum memory for the texts of failures, in bytes, and the overhead of each beyond its
 * characters, which take two bytes at most (measured).
 */
const MAX_TEXT_BYTES = 8 * 1024 * 1024;
const TEXT_OVERHEAD_BYTES = 100;

/** Texts of the reports of one collection: one copy of equal ones, within a limit on memory. */
export class KeptTexts {
  readonly #names = new Map<string, string>();
  readonly #words = new Map<string, string>();
  readonly #texts = new Map<string, string>();
  #textBytes = 0;

  /** A name; how many there are is bounded by `KnownNames`. */
  name(text: string): string {
    return internIn(this.#names, text);
  }

  /** A word; empty once there are too many. */
  word(text: string): string {
    const hasRoom = this.#words.size < MAX_WORDS || this.#words.has(text);
    return hasRoom ? internIn(this.#words, text) : '';
  }

  /** The text of a failure; null once the memory is used up. */
  text(text: string): string | null {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    this.#textBytes += 2 * text.length + TEXT_OVERHEAD_BYTES;
    return this.#textBytes > MAX_TEXT_BYTES ? null : internIn(this.#texts, text);
  }
}

function internIn(texts: Map<string, string>, text: string): string {
  const known = texts.get(text);
  if (known === undefined) texts.set(text, text);
  return known ?? text;
}
