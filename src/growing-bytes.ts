/**
 * Bytes put together from pieces of any length, in one buffer: a list of pieces holds 110 bytes of heap for each, and a server
 * may send them one by one.
 */
export class GrowingBytes {
  #buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#length));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    piece.copy(this.#buffer, this.#length);
    this.#length = length;
  }

  /** All of them; valid until the next `add()`. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}
