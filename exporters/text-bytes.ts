/**
 * Text is joined up to this many characters. The garbage of joining a whole scrape would stay alive
 * until its end, and so survive until the next full collection.
 */
const MAX_JOINED = 8_192;

/** Text as UTF-8, in the pieces in which it was added. */
export class TextBytes {
  readonly #bytes: Buffer[] = [];
  #joined = '';

  add(text: string): void {
    this.#joined += text;
    if (this.#joined.length >= MAX_JOINED) this.#encode();
  }

  /** Everything that was added. */
  whole(): Buffer {
    this.#encode();
    return Buffer.concat(this.#bytes);
  }

  #encode(): void {
    this.#bytes.push(Buffer.from(this.#joined));
    this.#joined = '';
  }
}
