import { HeadBytes } from './head-bytes.ts';

/** The head of a response, and the part of the body that arrived with it. */
export type ResponseHead = Readonly<{
  status: number;
  /** Decoded as UTF-8. */
  reason: string;
  /**
   * Field values, one character per byte, by name in lower case; the first if repeated, as in Go.
   */
  headers: ReadonlyMap<string, string>;
  body: Buffer;
}>;

/** Reads the head of a response from the bytes as they arrive. */
export type HeadReader = Readonly<{
  /** The head once complete, `undefined` before. Throws if the bytes are not one, or never end. */
  add: (bytes: Buffer) => ResponseHead | undefined;
  /** Whether part of a response has arrived. */
  hasBegun: boolean;
}>;

/** The maximum size of all heads of one response together, 1xx included, in bytes. */
export const MAX_HEAD_BYTES = 200 * 1024;

/**
 * Their maximum number of lines: 200 KB have room for 40,000, which take 7 ms of the event loop
 * (measured), again after each redirect.
 */
export const MAX_HEAD_LINES = 1_000;

const LF = 0x0a;
const CR = 0x0d;

/**
 * Reads a response head from the bytes as they arrive. `add` returns it once complete, `undefined`
 * before. It skips informational responses (1xx), except for 101, which no other follows. A line
 * may end with LF alone. Throws if the bytes are not an HTTP/1 response, or never end.
 */
export class ResponseHeadReader implements HeadReader {
  readonly hasBegun = true;
  readonly #bytes = new HeadBytes();
  /** Where the head that is being read starts. */
  #start = 0;
  /** Where the search for its end continues. */
  #searched = 0;
  #lines = 0;

  add(bytes: Buffer): ResponseHead | undefined {
    const received = this.#bytes.add(bytes);
    for (;;) {
      const start = this.#start;
      if (!startsLikeHttp(received, start)) throw new Error('the response is not HTTP/1');
      const end = this.#findEnd(received);
      if ((end ?? received.length) > MAX_HEAD_BYTES) {
        throw new Error(`the response head exceeds ${MAX_HEAD_BYTES} bytes`);
      }
      if (end === undefined) return undefined;
      const head = parseHead(received.toString('latin1', start, end));
      if (head.status >= 200 || head.status === 101) {
        return { ...head, body: received.subarray(end) };
      }
      this.#bytes.passInformational();
      this.#start = end;
      this.#searched = end;
    }
  }

  /** Where the empty line after the head ends. Throws if there are too many lines before it. */
  #findEnd(received: Buffer): number | undefined {
    for (;;) {
      const lineEnd = received.indexOf(LF, this.#searched);
      if (lineEnd === -1) {
        this.#searched = received.length;
        return undefined;
      }
      this.#lines++;
      if (this.#lines > MAX_HEAD_LINES) {
        throw new Error(`the response head has more than ${MAX_HEAD_LINES} lines`);
      }
      const next = received[lineEnd + 1] === CR ? lineEnd + 2 : lineEnd + 1;
      if (next >= received.length) {
        this.#searched = lineEnd;
        return undefined;
      }
      if (received[next] === LF) return next + 1;
      this.#searched = next;
    }
  }
}

function startsLikeHttp(bytes: Buffer, start: number): boolean {
  const prefix = 'HTTP/1.';
  return prefix.startsWith(bytes.toString('latin1', start, start + prefix.length));
}

function parseHead(text: string): Omit<ResponseHead, 'body'> {
  // A line that begins with a blank continues the previous value (RFC 9112, section 5.2).
  const [statusLine = '', ...lines] = text.replace(/\r?\n[ \t]+/g, ' ').split('\n');
  const [, status, reason] = /^HTTP\/1\.\d +([1-9]\d\d)(?: (.*?))?\r?$/s.exec(statusLine) ?? [];
  if (status === undefined) throw new Error('the response is not HTTP/1');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return {
    status: Number(status),
    reason: Buffer.from(reason ?? '', 'latin1').toString(),
    headers,
  };
}
