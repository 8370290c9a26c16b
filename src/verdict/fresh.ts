import type { Evidence, Observation } from './evidence.ts';

/** Failures in a row from which on nothing that fails for the same reason is left to show: a timeout is about an interval. */
const SETTLED = 5;

/**
 * The observations that tell where something fails and where it does not. A success that is older than a failure elsewhere
 * does not contradict it: the next check there may be under way, and about to fail as well. So a failure counts once
 * somebody has succeeded since it began, or nobody is left who may, or it has lasted; and a success if it is newer than
 * these failures, or than the interval of the collecting pod: of two failures in a row one is older than that, whatever `since`
 * says.
 */
export function telling(
  { view, reports }: Evidence,
  observations: readonly Observation[],
): Observation[] {
  const failing = observations.filter(({ up }) => up === false);
  const working = observations.filter(({ up }) => up === true);
  const isOver = working.length === 0 && !observations.some((each) => each.isUndecided);
  const newest = working.reduce((time, { lastAt }) => Math.max(time, lastAt), -Infinity);
  const clear = failing.filter((each) => isOver || isSettled(each) || begin(each) < newest);
  const latest = clear.reduce((time, each) => Math.max(time, begin(each)), -Infinity);
  const interval = reports.get(view.collector.node)?.checkIntervalSeconds ?? 0;
  const doubtful = Math.min(latest, view.now - interval);
  return [...clear, ...working.filter(({ lastAt }) => lastAt > doubtful)];
}

/**
 * Whether another check of the same pod may fail as this one does, because its result of the same round is missing or not
 * confirmed. Checks of one round begin within half an interval.
 */
export function mayFollow(other: Observation, failure: Observation): boolean {
  if (isSettled(failure)) return false;
  const { check, lastAt } = failure;
  const interval = (lastAt - begin(failure)) / Math.max(1, check.consecutive - 1);
  if (other.up === true) return other.lastAt < lastAt - interval / 2;
  return other.up === false || other.isUndecided;
}

function isSettled({ check }: Observation): boolean {
  return check.consecutive > SETTLED;
}

function begin({ since }: Observation): number {
  return since ?? -Infinity;
}
