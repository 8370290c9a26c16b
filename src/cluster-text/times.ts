import { clock } from '../verdict/words.ts';

const UNITS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
] as const;

/** Seconds in words, rounded down: `12 s`, `3 min`, `5 h`. */
export function duration(seconds: number): string {
  const [size, unit] = UNITS.find(([each]) => seconds >= each) ?? [1, 's'];
  return `${Math.max(0, Math.floor(seconds / size))} ${unit}`;
}

/** `since 03:09 UTC (2 min)`. */
export function since(unixSeconds: number, now: number): string {
  return `since ${clock(unixSeconds, now)} (${duration(now - unixSeconds)})`;
}

/** `2026-11-28 03:09:12 UTC`. */
export function date(unixSeconds: number): string {
  return `${new Date(unixSeconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
