/** A timer that is later than this, in milliseconds, shows that the process was suspended. */
const SUSPENDED_MS = 100;

/** The time ran out, as opposed to what else can end a wait. Named like that of `AbortSignal.timeout()`. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * A signal that aborts with its parent, or after `milliseconds` with a `TimeoutError` of the given message.
 * Disposing it clears its timer: `using limit = deadline(…)`.
 *
 * Time during which the process was suspended is not counted: the deadline is extended by it, by up to `milliseconds`.
 * `isExtended` says whether it was.
 */
export function deadline(
  parent: AbortSignal,
  milliseconds: number,
  message = `no response within ${milliseconds / 1000} s`,
): { signal: AbortSignal; isExtended: () => boolean } & Disposable {
  const controller = new AbortController();
  const due = performance.now() + milliseconds;
  let isExtended = false;
  let timer = setTimeout(() => {
    const abort = () => controller.abort(new TimeoutError(message));
    const late = performance.now() - due;
    isExtended = late >= SUSPENDED_MS;
    if (isExtended) timer = setTimeout(abort, Math.min(late, milliseconds));
    else abort();
  }, milliseconds);
  const follow = () => controller.abort(parent.reason);
  parent.addEventListener('abort', follow, { once: true });
  if (parent.aborted) follow();
  return {
    signal: controller.signal,
    isExtended: () => isExtended,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      parent.removeEventListener('abort', follow);
    },
  };
}
