/** The head of an HTTP/1 response, and what of the body had come with it. */
export type ResponseHead = Readonly<{
  status: number;
  /** As UTF-8 where it is that. */
  reason: string;
  /** Field values by name in lower case; of a name that comes twice the last. */
  headers: ReadonlyMap<string, string>;
  body: Buffer;
}>;

/** The most that a head may hold, in bytes: four times what Node's own client takes. */
const MOST_HEAD_BYTES = 64 * 1024;

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/**
 * Reads a response head from the bytes as they come. `add` returns it once it is whole, `undefined` before;
 * informational responses (1xx) are passed over. Throws when the bytes are no HTTP/1 response, or never end.
 */
export class ResponseHeadReader {
  #received: Buffer = Buffer.alloc(0);

  add(bytes: Buffer): ResponseHead | undefined {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    for (;;) {
      const end = this.#received.indexOf(END_OF_HEAD);
      if (end === -1 || end > MOST_HEAD_BYTES) {
        if (!startsLikeHttp(this.#received)) throw new Error('the answer is not HTTP/1');
        if (this.#received.length > MOST_HEAD_BYTES) {
          throw new Error(`the answer's head is longer than ${MOST_HEAD_BYTES} bytes`);
        }
        return undefined;
      }
      const head = parseHead(this.#received.toString('latin1', 0, end));
      this.#received = this.#received.subarray(end + END_OF_HEAD.length);
      if (head.status >= 200) return { ...head, body: this.#received };
    }
  }
}

function startsLikeHttp(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 'HTTP/1.'.length);
  return 'HTTP/1.'.startsWith(start);
}

function parseHead(text: string): Omit<ResponseHead, 'body'> {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const [, status, reason] = /^HTTP\/1\.[01] ([1-9]\d\d)(?: (.*))?$/.exec(statusLine) ?? [];
  if (status === undefined) throw new Error('the answer is not HTTP/1');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return {
    status: Number(status),
    reason: Buffer.from(reason ?? '', 'latin1').toString(),
    headers,
  };
}
