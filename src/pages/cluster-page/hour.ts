import type { CheckReport, Report } from '../../verdict/report.ts';

/** Minutes that are shown. */
export const MINUTES = 60;

/** Checks and failures by minute: 0 is the first, 59 the current one. */
export type Hour = Readonly<{ checks: Float64Array; failures: Float64Array }>;

export function emptyHour(): Hour {
  return { checks: new Float64Array(MINUTES), failures: new Float64Array(MINUTES) };
}

/**
 * Adds a check's last hour, by the collecting pod's clock. Of a large cluster only failing checks have one: another has
 * been as it is since its last change, and ok before.
 */
export function addHour(hour: Hour, check: CheckReport, report: Report, now: number): void {
  const ago = report.reportedAt - now;
  const current = Math.floor(now / 60);
  const minuteOf = (podTime: number) => Math.round((podTime - ago) / 60) - current + MINUTES - 1;
  const { lastHour } = check;
  if (lastHour === undefined) {
    const since =
      check.state === 'failing' && check.since !== null ? minuteOf(check.since) : MINUTES;
    addSteady(
      hour,
      minuteOf(report.startedAt),
      since,
      60 / Math.max(1, report.checkIntervalSeconds),
    );
    return;
  }
  const first = minuteOf(lastHour.start);
  for (const [offset, [checks, failures]] of lastHour.minutes.entries())
    add(hour, Math.min(first + offset, MINUTES - 1), checks, failures);
}

/** `checks` in each minute from `start` on, all of which fail from minute `since` on. */
function addSteady(hour: Hour, start: number, since: number, checks: number): void {
  for (let index = Math.max(0, start); index < MINUTES; index++)
    add(hour, index, checks, index >= since ? checks : 0);
}

function add({ checks, failures }: Hour, index: number, made: number, failed: number): void {
  if (!(index >= 0)) return;
  checks[index] = (checks[index] ?? 0) + made;
  failures[index] = (failures[index] ?? 0) + failed;
}

/** Share of checks that failed, by minute. */
export function shares({ checks, failures }: Hour): number[] {
  return Array.from(failures, (failed, index) => failed / Math.max(1, checks[index] ?? 0));
}

/** Whether more failed in that minute than by chance: one in a hundred, and at least three. */
export function isMany({ checks, failures }: Hour, minute: number): boolean {
  const failed = failures[minute] ?? 0;
  return failed >= 3 && failed >= 0.01 * (checks[minute] ?? 0);
}

export function total(values: Float64Array): number {
  return values.reduce((sum, each) => sum + each, 0);
}
