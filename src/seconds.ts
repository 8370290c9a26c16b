/** Converts milliseconds to seconds with one decimal, as the log shows durations. */
export function inSeconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}
