import type { CheckReport, Report } from '../../verdict/report.ts';

/** How many minutes to show. */
export const MINUTES = 60;

/** Checks and failures by minute: 0 is the first, 59 the current one. */
export type Hour = Readonly<{ checks: Float64Array; failures: Float64Array }>;

/** Adds up the last hour of checks. */
export class HourSum {
  /**
   * For each minute, the change from the minute before: a steady check is one number, and a page
   * has thousands of them.
   */
  readonly #checks = new Float64Array(MINUTES + 1);
  readonly #failures = new Float64Array(MINUTES + 1);

  get hour(): Hour {
    return { checks: runningTotal(this.#checks), failures: runningTotal(this.#failures) };
  }

  /**
   * Adds a check's last hour, by the collecting pod's clock. In a large cluster only failing checks
   * have one: any other has been in its state since its last change, and ok before.
   */
  add(check: CheckReport, report: Report, now: number): void {
    const ago = report.reportedAt - now;
    const current = Math.floor(now / 60);
    const minuteOf = (podTime: number) => Math.round((podTime - ago) / 60) - current + MINUTES - 1;
    const { lastHour } = check;
    if (lastHour === undefined) {
      const checks = 60 / Math.max(1, report.checkIntervalSeconds);
      const start = minuteOf(report.startedAt);
      addFrom(this.#checks, start, checks);
      if (check.state !== 'failing' || check.since === null) return;
      addFrom(this.#failures, Math.max(start, minuteOf(check.since)), checks);
      return;
    }
    const first = minuteOf(lastHour.start);
    for (const [offset, [checks, failures]] of lastHour.minutes.entries()) {
      const minute = Math.min(first + offset, MINUTES - 1);
      if (!(minute >= 0)) continue;
      addAt(this.#checks, minute, checks);
      addAt(this.#failures, minute, failures);
    }
  }
}

function addAt(changes: Float64Array, minute: number, value: number): void {
  addFrom(changes, minute, value);
  addFrom(changes, minute + 1, -value);
}

/** A change before the hour counts from its first minute. */
function addFrom(changes: Float64Array, minute: number, value: number): void {
  const index = Math.max(0, minute);
  changes[index] = (changes[index] ?? 0) + value;
}

function runningTotal(changes: Float64Array): Float64Array {
  let sum = 0;
  return changes.map((change) => (sum += change)).subarray(0, MINUTES);
}

/** Share of checks that failed, by minute. */
export function shares({ checks, failures }: Hour): number[] {
  return Array.from(failures, (failed, index) => failed / Math.max(1, checks[index] ?? 0));
}

/** Whether more failed in this minute than by chance: at least three, and one in a hundred. */
export function isMany({ checks, failures }: Hour, minute: number): boolean {
  const failed = failures[minute] ?? 0;
  return failed >= 3 && failed >= 0.01 * (checks[minute] ?? 0);
}

export function total(values: Float64Array): number {
  return values.reduce((sum, each) => sum + each, 0);
}
