import type { Probe } from './model.ts';

/**
 * Interval of the measurements in milliseconds, short enough to catch lasting delays. Four per
 * second would take a thirtieth of the program's CPU time. At a whole second, each would fall on
 * the same point of a round of checks.
 */
const SAMPLE_INTERVAL_MS = 1_030;

/** Reports event-loop lag, in seconds, about once a second. Returns a function that stops this. */
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

/** How many delays make up a minute. */
const DELAYS_PER_MINUTE = 60_000 / SAMPLE_INTERVAL_MS;

/** The delays of the last minute. */
export class RecentDelays {
  readonly #delays: number[] = [];

  add(seconds: number): void {
    this.#delays.push(seconds);
    if (this.#delays.length > DELAYS_PER_MINUTE) this.#delays.shift();
  }

  /** In seconds; 0 before the first one. */
  get mean(): number {
    return this.#delays.reduce((sum, each) => sum + each, 0) / Math.max(1, this.#delays.length);
  }
}

/**
 * Wraps a probe so that it also reports the event-loop active time during the check, in seconds: an
 * upper bound of the probe's own share of the latency.
 */
export function withActiveTime(probe: Probe, onActive: (seconds: number) => void): Probe {
  return async (target, signal) => {
    const before = performance.eventLoopUtilization();
    const outcome = await probe(target, signal);
    onActive(performance.eventLoopUtilization(before).active / 1000);
    return outcome;
  };
}
