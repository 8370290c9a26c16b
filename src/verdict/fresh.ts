import type { Evidence, Observation } from './evidence.ts';

/**
 * After more failures in a row than this, all that fails for the same reason has failed as well: a
 * timeout takes about one interval.
 */
const SETTLED = 5;

/**
 * The observations that show where something fails and where it does not. A success that is older
 * than a failure elsewhere does not contradict it: the next check there may be in flight, and about
 * to fail as well. So a failure counts once another pod has succeeded since it began, or none is
 * left that may, or once it has lasted. A success counts if it is newer than these failures, or
 * younger than the collecting pod's interval: of two failures in a row, one is older than that,
 * whatever `since` says.
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
 * Whether another check of the same pod may yet fail like this one: its result from the same round
 * is missing or not confirmed. All checks of a round begin within half an interval.
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
