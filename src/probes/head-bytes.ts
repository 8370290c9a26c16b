import { GrowingBytes } from '../growing-bytes.ts';
import { InformationalLimit } from '../informational-limit.ts';

/**
 * How many reads a head may take, and then a body, and all redirects of a check together: each read
 * takes event-loop time, however short it is. A head written byte by byte takes some hundreds; a
 * body of 1 MiB, the longest that is read, has 870 segments at IPv6's minimum MTU.
 */
export const MAX_PIECES = 1_000;

/** The bytes of a response's heads as they arrive, in any version of HTTP. */
export class HeadBytes {
  readonly #received = new GrowingBytes();
  #pieces = 0;
  readonly #informational = new InformationalLimit();

  /** Returns all bytes so far. Throws if there are too many pieces. */
  add(bytes: Buffer): Buffer {
    this.#pieces++;
    if (this.#pieces > MAX_PIECES) {
      throw new Error(`the response head arrived in more than ${MAX_PIECES} pieces`);
    }
    this.#received.add(bytes);
    return this.#received.bytes();
  }

  /**
   * Counts an informational response (1xx), which another head follows: 200 KB have room for
   * 12,000. Throws if there are too many.
   */
  passInformational(): void {
    this.#informational.add();
  }
}
