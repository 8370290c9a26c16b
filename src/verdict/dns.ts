import type { Observation } from './evidence.ts';
import { mayFollow } from './fresh.ts';

/**
 * Whether a node resolves the cluster's names, by its checks; undefined without evidence. If the
 * cluster's own names (the API server's, the service's) are checked, only they count, as one alone
 * may be mistaken; otherwise the others count. It is undecided if one name does not resolve, and
 * the other has not resolved since.
 */
export function resolvesNothing(checks: readonly Observation[]): Observation | undefined {
  const named = checks.filter(({ check }) => check.byName);
  const own = named.filter(
    ({ check }) => check.kind === 'api_server_dns' || check.kind === 'me_service',
  );
  const telling = own.length > 0 ? own : named;
  const failing = telling.filter(({ check, up }) => up === false && check.cause === 'dns');
  const [first] = failing;
  if (first === undefined) {
    const isUndecided = (each: Observation) => each.isUndecided && each.check.cause === 'dns';
    return telling.find(({ up }) => up) ?? telling.find(isUndecided);
  }
  if (failing.length === telling.length && named.length >= 2) return first;
  const others = telling.filter((each) => !failing.includes(each));
  const mayFail = (each: Observation) => isByDns(each) && mayFollow(each, first);
  if (others.length > 0 && others.every(mayFail)) {
    return { ...first, up: undefined, isUndecided: true };
  }
  return others.find(({ up }) => up);
}

function isByDns({ up, check }: Observation): boolean {
  return up === true || check.cause === 'dns';
}
