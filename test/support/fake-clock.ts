import { afterEach, beforeEach, vi } from 'vitest';

/** Every test of the file has a clock that it moves, which is at 0. */
export function useFakeClock(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: 0 });
    // It would take a millisecond of this clock.
    vi.stubGlobal('setImmediate', queueMicrotask);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
}

/** Has the clock go on without the timers: what a busy or suspended process sees. Returns what loses so many milliseconds. */
export function loseTime(): (milliseconds: number) => void {
  const now = performance.now.bind(performance);
  let lost = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now() + lost);
  return (milliseconds) => {
    lost += milliseconds;
  };
}
