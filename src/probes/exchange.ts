import type { Socket } from 'node:net';
import type { Progress } from './progress.ts';
import { type ResponseHead, ResponseHeadReader } from './response.ts';

/** Header fields of a request. */
export type Headers = Readonly<Record<string, string>>;

/** `receivedAt`: when the last of the head had come, in milliseconds of `performance.now()`. */
export type Answer = ResponseHead & Readonly<{ receivedAt: number }>;

/**
 * Sends a request and waits for the head of its response. Rejects with what failed, or with the signal's reason;
 * closing the socket is left to the caller, in either case.
 */
export function exchange(
  socket: Socket,
  request: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const reader = new ResponseHeadReader();
    let isWritten = false;
    const settle = (how: () => void) => {
      socket.off('data', onData).off('error', fail).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      if (isWritten) how();
      // By then TLS has reported that the request was written, if it was.
      else setImmediate(how);
    };
    const fail = (error: unknown) => settle(() => reject(error));
    const onClose = () =>
      fail(socket.errored ?? new Error('the connection was closed before the answer'));
    const onAbort = () => fail(signal.reason);
    const onData = (bytes: Buffer) => {
      progress.phase = 'response';
      progress.reached('got_first_resp_byte');
      const receivedAt = performance.now();
      try {
        const head = reader.add(bytes);
        if (head !== undefined) settle(() => resolve({ ...head, receivedAt }));
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
