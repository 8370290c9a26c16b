import type { Socket } from 'node:net';
import type { Signal } from '../model.ts';
import { MAX_PIECES } from './head-bytes.ts';
import type { Progress } from './progress.ts';
import { type HeadReader, type ResponseHead, ResponseHeadReader } from './response.ts';

/** Header fields of a request. */
export type Headers = Readonly<Record<string, string>>;

/** `receivedAt`: when the end of the head arrived, in milliseconds of the check's clock. */
export type HttpResponse = ResponseHead & Readonly<{ receivedAt: number }>;

/** The peer closed the connection instead of responding. */
export class ClosedError extends Error {
  constructor() {
    super('the connection was closed before the response');
  }
}

/**
 * Sends a request and waits for the head of its response, and for the body if its `Content-Length`
 * is at most `maxBody` bytes. Rejects with the error, or with the signal's reason. Closing the
 * socket is always left to the caller.
 */
export function exchange(
  socket: Socket,
  request: string | Buffer,
  progress: Progress,
  signal: Signal,
  maxBody = 0,
  reader: HeadReader = new ResponseHeadReader(),
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    let isWritten = false;
    let received: Readonly<{ head: HttpResponse; body: BodyReader }> | undefined;
    const settle = (how: () => void) => {
      socket.off('data', onData).off('error', fail).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      if (isWritten) how();
      // By then TLS has reported that the request was written, if it was.
      else setImmediate(how);
    };
    const fail = (error: unknown) => settle(() => reject(error));
    const onClose = () => fail(socket.errored ?? new ClosedError());
    const onAbort = () => fail(signal.reason);
    const onData = (bytes: Buffer) => {
      progress.reads++;
      const receivedAt = progress.clock.arrivedAt();
      try {
        if (received === undefined) {
          const head = readHead(bytes, receivedAt);
          if (head === undefined) return;
          progress.clock.received();
          received = { head: { ...head, receivedAt }, body: new BodyReader(head, maxBody) };
        } else {
          received.body.add(bytes);
        }
        const { head } = received;
        const body = received.body.whole();
        if (body !== undefined) settle(() => resolve({ ...head, body }));
      } catch (error) {
        fail(error);
      }
    };
    const readHead = (bytes: Buffer, receivedAt: number) => {
      try {
        return reader.add(bytes);
      } finally {
        if (reader.hasBegun) {
          progress.phase = 'response';
          progress.reached('got_first_resp_byte', receivedAt);
        }
      }
    };

    progress.phase = 'request';
    if (signal.aborted) return onAbort();
    if (socket.destroyed) return onClose();
    // Written first: the rest can happen while the response is on its way.
    socket.write(request, (error) => {
      // The socket also emits the error as an event.
      if (error) return;
      isWritten = true;
      progress.wroteRequest();
      progress.phase = 'response';
    });
    socket.on('data', onData).on('error', fail).on('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * The body of a response. Each piece is copied into place as it arrives: kept until the last one,
 * the pieces of a report would take twice its length, and the part of the buffer that nothing has
 * been copied to takes no memory yet.
 */
class BodyReader {
  readonly #body: Buffer;
  /** How many bytes of the body have arrived. */
  #length = 0;
  #pieces = 0;
  /** How many bytes to wait for. */
  readonly #awaited: number;

  constructor({ headers, body }: ResponseHead, maxBody: number) {
    const length = Number(headers.get('content-length') ?? 0);
    this.#awaited = length <= maxBody ? length : 0;
    this.#body = body.length >= this.#awaited ? body : Buffer.allocUnsafeSlow(this.#awaited);
    this.add(body);
  }

  /** Throws when there are too many pieces. */
  add(bytes: Buffer): void {
    this.#pieces += 1;
    if (this.#body !== bytes) bytes.copy(this.#body, this.#length);
    this.#length += bytes.length;
    if (this.#pieces > MAX_PIECES) {
      throw new Error(`the response body arrived in more than ${MAX_PIECES} pieces`);
    }
  }

  /** Undefined until it is complete. */
  whole(): Buffer | undefined {
    return this.#length < this.#awaited ? undefined : this.#body;
  }
}
