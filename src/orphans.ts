import { readFileSync } from 'node:fs';

/** More orphans than this are many: with honest clients, each lasts only a round trip. */
const MANY = 100;

/**
 * How long a count is reused, in milliseconds. In that time, 250 connections per second leave 1,250
 * orphans, some 6 MB.
 */
const KEPT_MS = 5_000;

/** Whether the kernel keeps many closed connections that still have data to send. */
export type HasManyOrphans = () => boolean;

/**
 * Returns a function that reports whether this node has more than 100 orphans, as of at most 5 s
 * ago. That is the kernel's name for such connections: no limit counts them, and the kernel counts
 * those of all network namespaces together. Reading the count takes 30 µs. False if there is no
 * `/proc/net/sockstat`.
 */
export function createOrphanLook(keptMs = KEPT_MS): HasManyOrphans {
  let seen = false;
  let at = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - at < keptMs) return seen;
    at = now;
    seen = countOrphans() > MANY;
    return seen;
  };
}

function countOrphans(): number {
  try {
    const [, orphans] =
      /^TCP:.* orphan (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'utf8')) ?? [];
    return Number(orphans ?? 0);
  } catch {
    return 0;
  }
}
