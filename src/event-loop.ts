import type { Probe } from './model.ts';

/** How often the delay is looked at, in milliseconds: often enough to meet what lasts, and rarely enough to cost nothing. */
const SAMPLE_INTERVAL_MS = 250;

/** Tells how late a timer of ours fires, in seconds, four times a second, until the function that it returns is called. */
export function watchEventLoop(onDelay: (seconds: number) => void): () => void {
  let expected = performance.now() + SAMPLE_INTERVAL_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    onDelay(Math.max(0, now - expected) / 1000);
    expected = now + SAMPLE_INTERVAL_MS;
  }, SAMPLE_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * The same probe, that also tells for how many seconds our event loop was at work meanwhile: no more than this of the
 * latency was ours, the rest was the network's and the target's.
 */
export function withActiveTime(probe: Probe, onActive: (seconds: number) => void): Probe {
  return async (target, signal) => {
    const before = performance.eventLoopUtilization();
    const outcome = await probe(target, signal);
    onActive(performance.eventLoopUtilization(before).active / 1000);
    return outcome;
  };
}
