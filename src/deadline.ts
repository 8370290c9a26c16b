/**
 * A signal that aborts with its parent, or after `milliseconds` with an error of the given message.
 * Disposing it clears its timer: `using limit = deadline(…)`.
 */
export function deadline(
  parent: AbortSignal,
  milliseconds: number,
  message: string,
): { signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(message)), milliseconds);
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
