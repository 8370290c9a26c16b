import { afterEach, beforeEach, vi } from 'vitest';

/** Gives every test of the file a clock that starts at 0 and that the test advances. */
export function useFakeClock(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: 0 });
    // `setImmediate()` would take a millisecond of this clock.
    vi.stubGlobal('setImmediate', queueMicrotask);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
}

/**
 * Has the clock advance without the timers, as a busy or suspended process sees it. Returns a
 * function that loses this many milliseconds.
 */
export function loseTime(): (milliseconds: number) => void {
  const now = performance.now.bind(performance);
  let lost = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now() + lost);
  return (milliseconds) => {
    lost += milliseconds;
  };
}
