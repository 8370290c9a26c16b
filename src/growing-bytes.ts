/**
 * Collects pieces of any length in one buffer. A list of pieces would take 110 bytes of heap for
 * each, and a server may send its bytes one by one.
 */
export class GrowingBytes {
  readonly #kept: number;
  #buffer: Buffer;
  #length = 0;

  /** `kept`: how many of the first bytes to keep. `room`: the buffer's initial size in bytes. */
  constructor(kept = Infinity, room = 0) {
    this.#kept = kept;
    this.#buffer = Buffer.allocUnsafeSlow(room);
  }

  /** How many bytes were added, kept or not. */
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

  /** The kept bytes; valid until the next `add()`. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}
