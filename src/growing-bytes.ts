/**
 * Bytes put together from pieces of any length, in one buffer: a list of pieces holds 110 bytes of heap for each, and a server
 * may send them one by one.
 */
export class GrowingBytes {
  readonly #kept: number;
  #buffer: Buffer;
  #length = 0;

  /** `kept`: how many of them are kept, the first ones. `room`: for how many there is room before the buffer has to grow. */
  constructor(kept = Infinity, room = 0) {
    this.#kept = kept;
    this.#buffer = Buffer.allocUnsafeSlow(room);
  }

  /** How many were added. */
  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    const room = Math.min(length, this.#kept);
    if (room > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(room, 2 * this.#length), this.#kept));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    if (this.#length < room) piece.copy(this.#buffer, this.#length);
    this.#length = length;
  }

  /** Those that are kept; valid until the next `add()`. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}
