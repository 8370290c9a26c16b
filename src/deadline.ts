/** A timer that is later than this, in milliseconds, was held up: the whole program stood still. */
const SUSPENDED_MS = 100;

/** The time ran out, as opposed to what else can end a wait. Named like that of `AbortSignal.timeout()`. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * A signal that aborts with its parent, or after `milliseconds` with a `TimeoutError` of the given message.
 * Disposing it clears its timer: `using limit = deadline(…)`.
 *
 * Time in which the program stood still (it was suspended, its machine paused) counts for nobody's silence: as much is
 * added, up to `milliseconds` once more.
 */
export function deadline(
  parent: AbortSignal,
  milliseconds: number,
  message: string,
): { signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const due = performance.now() + milliseconds;
  let timer = setTimeout(() => {
    const abort = () => controller.abort(new TimeoutError(message));
    const late = performance.now() - due;
    if (late < SUSPENDED_MS) abort();
    else timer = setTimeout(abort, Math.min(late, milliseconds));
  }, milliseconds);
  const follow = () => controller.abort(parent.reason);
  parent.addEventListener('abort', follow, { once: true });
  if (parent.aborted) follow();
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      parent.removeEventListener('abort', follow);
    },
  };
}
