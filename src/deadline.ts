import type { Signal } from './model.ts';

/** A timer that fires later than this, in milliseconds, shows that the process was suspended. */
const SUSPENDED_MS = 100;

/** The time ran out, as opposed to other ends of a wait. Named as by `AbortSignal.timeout()`. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * Ends waits, once: an `AbortController` and its signal in one, at a fraction of their CPU time and
 * garbage.
 */
export class Canceller implements Signal {
  aborted = false;
  reason: Signal['reason'];
  readonly #listeners = new Set<() => void>();

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_: 'abort', listener: () => void): void {
    if (!this.aborted) this.#listeners.add(listener);
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }
}

/**
 * A signal that aborts with its parent, or after `milliseconds` with a `TimeoutError` that has this
 * message. Disposing it clears its timer: `using limit = deadline(…)`.
 *
 * Time during which the process was suspended is not counted: it extends the deadline, by up to
 * `milliseconds`. `isExtended` returns whether it did.
 */
export function deadline(
  parent: Signal,
  milliseconds: number,
  message = `no response within ${milliseconds / 1000} s`,
): { signal: Signal; isExtended: () => boolean } & Disposable {
  const signal = new Canceller();
  const due = performance.now() + milliseconds;
  let isExtended = false;
  let timer = setTimeout(() => {
    const abort = () => signal.abort(new TimeoutError(message));
    const late = performance.now() - due;
    isExtended = late >= SUSPENDED_MS;
    if (isExtended) timer = setTimeout(abort, Math.min(late, milliseconds));
    else abort();
  }, milliseconds);
  const follow = () => signal.abort(parent.reason);
  parent.addEventListener('abort', follow, { once: true });
  if (parent.aborted) follow();
  return {
    signal,
    isExtended: () => isExtended,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      parent.removeEventListener('abort', follow);
    },
  };
}
