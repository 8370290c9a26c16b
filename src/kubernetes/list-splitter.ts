import { GrowingBytes } from './growing-bytes.ts';

/** In bytes: what a list has besides its objects is some 200. */
const MAX_REST_BYTES = 64 * 1024;

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const BRACE = 0x7b;
const BRACKET = 0x5b;

/** By byte, whether it is one of these. */
const IN_STRING = oneOf('\\"');
const STRUCTURAL = oneOf('"{}[]');
const OPENING = oneOf('{[');

/** Splits the JSON of a list into that of its objects, so that no more than one of them is in memory at a time. */
export class ListSplitter {
  readonly #maxObjectBytes: number;
  readonly #onObject: (json: string) => void;
  /** As Latin-1. */
  #rest = '';
  #object: GrowingBytes | undefined;
  #depth = 0;
  /** Whether what is open at depth 2 is an array. */
  #isInItems = false;
  #isInString = false;
  /** How many of the next bytes are read already: one where a chunk ends with a backslash. */
  #ahead = 0;

  /** `onObject` is called with each object of the list as soon as it is complete. */
  constructor(maxObjectBytes: number, onObject: (json: string) => void) {
    this.#maxObjectBytes = maxObjectBytes;
    this.#onObject = onObject;
  }

  /** The list so far, with each of its objects empty. */
  get rest(): string {
    return Buffer.from(this.#rest, 'latin1').toString();
  }

  /** Takes the next bytes. Throws when an object or the rest is too long, and what `onObject` throws. */
  write(chunk: Buffer): void {
    let start = 0;
    let at = this.#next(chunk, this.#ahead);
    for (; at < chunk.length; at = this.#next(chunk, at + 1)) {
      if (OPENING[chunk[at] as number]) {
        if (!this.#beginsObject(chunk[at] as number)) continue;
        this.#keep(chunk.subarray(start, at));
        this.#object = new GrowingBytes();
        start = at;
      } else {
        this.#depth -= 1;
        if (this.#depth !== 2 || this.#object === undefined) continue;
        this.#keep(chunk.subarray(start, at + 1));
        this.#end(this.#object);
        start = at + 1;
      }
    }
    this.#ahead = at - chunk.length;
    this.#keep(chunk.subarray(start));
  }

  /** Where the next brace or bracket outside a string is; the length of the chunk, or one more, where there is none. */
  #next(chunk: Buffer, from: number): number {
    let at = from;
    for (;;) {
      at = find(chunk, at, this.#isInString ? IN_STRING : STRUCTURAL);
      if (at >= chunk.length) return at;
      if (chunk[at] === BACKSLASH) at += 2;
      else if (chunk[at] !== QUOTE) return at;
      else {
        this.#isInString = !this.#isInString;
        at += 1;
      }
    }
  }

  /** Opens a brace or bracket. */
  #beginsObject(byte: number): boolean {
    this.#depth += 1;
    if (this.#depth === 2) this.#isInItems = byte === BRACKET;
    return this.#depth === 3 && this.#isInItems && byte === BRACE;
  }

  #keep(bytes: Buffer): void {
    if (this.#object === undefined) {
      this.#rest += bytes.toString('latin1');
      if (this.#rest.length > MAX_REST_BYTES) {
        throw new Error(`a list besides its objects exceeds ${MAX_REST_BYTES} bytes`);
      }
      return;
    }
    if (this.#object.length + bytes.length > this.#maxObjectBytes) {
      throw new Error(`an object exceeds ${this.#maxObjectBytes} bytes`);
    }
    this.#object.add(bytes);
  }

  #end(object: GrowingBytes): void {
    this.#object = undefined;
    this.#rest += '{}';
    this.#onObject(object.bytes().toString());
  }
}

function find(chunk: Buffer, from: number, wanted: Uint8Array): number {
  let at = from;
  while (at < chunk.length && !wanted[chunk[at] as number]) at += 1;
  return at;
}

function oneOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(characters)) table[byte] = 1;
  return table;
}
