import { loadFfi } from './ffi.ts';

/** In milliseconds. Each takes 0.1 ms, and 4 where there is much to return (measured). */
const INTERVAL_MS = 30_000;

/**
 * Returns the memory that malloc keeps for later to the system, every `intervalMs` milliseconds, until the returned function is
 * called: glibc does so by itself only at the end of its heap, which one block in use there prevents. What many connections had buffered
 * at once stayed for more than ten minutes, 25 of 50 MB (measured). Rejects where there is no `malloc_trim()`, as with musl,
 * or no `node:ffi`.
 */
export async function trimMemory(intervalMs = INTERVAL_MS): Promise<() => void> {
  const { dlopen } = await loadFfi();
  const { functions } = dlopen(null, {
    malloc_trim: { arguments: ['u64'], return: 'i32' },
  } as const);
  const timer = setInterval(() => functions.malloc_trim(0n), intervalMs).unref();
  return () => clearInterval(timer);
}
