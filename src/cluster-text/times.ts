import { clock, duration } from '../verdict/words.ts';

/** `since 03:09 UTC (2 min)`. */
export function since(unixSeconds: number, now: number): string {
  return `since ${clock(unixSeconds, now)} (${duration(now - unixSeconds)})`;
}

/** `2026-11-28 03:09:12 UTC`. */
export function date(unixSeconds: number): string {
  return `${new Date(unixSeconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
