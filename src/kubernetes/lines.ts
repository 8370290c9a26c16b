import { GrowingBytes } from '../growing-bytes.ts';
import { KEPT_BYTES } from './parse-object.ts';

const NEWLINE = 0x0a;

/** Splits a stream of bytes into its lines. */
export class LineSplitter {
  readonly #maxBytes: number;
  #line = new GrowingBytes(KEPT_BYTES);

  /** `maxBytes`: maximum length of a line, without its newline. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Yields the lines that end in the next bytes, without their newlines; of a long one, the first
   * `KEPT_BYTES`. Throws if a line is too long.
   */
  *split(chunk: Buffer): Generator<Buffer> {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      const line = this.#line;
      line.add(chunk.subarray(start, end === -1 ? undefined : end));
      if (line.length > this.#maxBytes) throw new Error(`a line exceeds ${this.#maxBytes} bytes`);
      if (end === -1) return;
      this.#line = new GrowingBytes(KEPT_BYTES);
      start = end + 1;
      yield line.bytes();
    }
  }
}
