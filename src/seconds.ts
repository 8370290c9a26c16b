/** Milliseconds as seconds with one digit after the point, as the log shows durations. */
export function inSeconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}
