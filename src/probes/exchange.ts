import type { Socket } from 'node:net';
import type { Progress } from './progress.ts';
import { type ResponseHead, ResponseHeadReader } from './response.ts';

/** Header fields of a request. */
export type Headers = Readonly<Record<string, string>>;

/** `receivedAt`: when the last of the head had come, in milliseconds of `performance.now()`. */
export type HttpResponse = ResponseHead & Readonly<{ receivedAt: number }>;

/** The peer closed the connection instead of an answer. */
export class ClosedError extends Error {
  constructor() {
    super('the connection was closed before the response');
  }
}

/**
 * Sends a request and waits for the head of its response, and, where its `Content-Length` is at most `maxBody` bytes, for
 * its body. Rejects with what failed, or with the signal's reason; closing the socket is left to the caller, in either
 * case.
 */
export function exchange(
  socket: Socket,
  request: string,
  progress: Progress,
  signal: AbortSignal,
  maxBody = 0,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const reader = new ResponseHeadReader();
    let isWritten = false;
    let answer: HttpResponse | undefined;
    /** Of the body, by the pieces in which they come: joined once, at its end. */
    const pieces: Buffer[] = [];
    let missing = 0;
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
      progress.phase = 'response';
      progress.reached('got_first_resp_byte');
      const receivedAt = performance.now();
      try {
        if (answer === undefined) {
          const head = reader.add(bytes);
          if (head === undefined) return;
          answer = { ...head, receivedAt };
          pieces.push(head.body);
          missing = missingBytes(head, maxBody);
        } else {
          pieces.push(bytes);
          missing -= bytes.length;
        }
        if (missing > 0) return;
        const whole = { ...answer, body: Buffer.concat(pieces) };
        settle(() => resolve(whole));
      } catch (error) {
        fail(error);
      }
    };

    progress.phase = 'request';
    if (signal.aborted) return onAbort();
    if (socket.destroyed) return onClose();
    // First: while the answer is under way there is time for the rest.
    socket.write(request, (error) => {
      // An error comes by the socket's own event as well.
      if (error) return;
      isWritten = true;
      progress.wroteRequest();
      progress.phase = 'response';
    });
    socket.on('data', onData).once('error', fail).once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** How much of the body has yet to come; 0 where it is not waited for. */
function missingBytes({ headers, body }: ResponseHead, maxBody: number): number {
  const length = Number(headers.get('content-length') ?? 0);
  return length <= maxBody ? length - body.length : 0;
}
