import { GrowingBytes } from '../growing-bytes.ts';
import { InformationalLimit } from '../informational-limit.ts';

/**
 * In how many reads a head, and then a body, may arrive, and all redirects of a check: each takes time of the event loop, however short it is. A head
 * written byte by byte takes some hundreds; a body of 1 MiB, the longest that is read, has 870 segments at the smallest
 * MTU of IPv6.
 */
export const MAX_PIECES = 1_000;

/** The bytes of a response's heads as they come, whatever the version of HTTP. */
export class HeadBytes {
  readonly #received = new GrowingBytes();
  #pieces = 0;
  readonly #informational = new InformationalLimit();

  /** Returns all that has come. Throws when there are too many pieces. */
  add(bytes: Buffer): Buffer {
    this.#pieces++;
    if (this.#pieces > MAX_PIECES) {
      throw new Error(`the response head arrived in more than ${MAX_PIECES} pieces`);
    }
    this.#received.add(bytes);
    return this.#received.bytes();
  }

  /** Counts an informational response (1xx), after which another head comes: 200 KB have room for 12,000. Throws when there are too many. */
  passInformational(): void {
    this.#informational.add();
  }
}
