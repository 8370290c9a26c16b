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
    vi.useRealTimers();
  });
}
