/** How often the delay is looked at, in milliseconds: often enough to meet what lasts, and rarely enough to cost nothing. */
const LOOK_EVERY_MS = 250;

/** Tells how late a timer of ours fires, in seconds, four times a second, until the function that it returns is called. */
export function watchEventLoop(onDelay: (seconds: number) => void): () => void {
  let expected = performance.now() + LOOK_EVERY_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    onDelay(Math.max(0, now - expected) / 1000);
    expected = now + LOOK_EVERY_MS;
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
