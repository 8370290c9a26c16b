import type { Observation } from './evidence.ts';

/**
 * Whether one node resolves the cluster's names, by its checks: undefined where there is no evidence. The cluster's own names
 * (the API server's, the service's) count where they are checked, as one alone may be mistaken; others where they are not.
 */
export function resolvesNothing(checks: readonly Observation[]): Observation | undefined {
  const named = checks.filter(({ check }) => check.byName);
  const own = named.filter(
    ({ check }) => check.kind === 'api_server_dns' || check.kind === 'me_service',
  );
  const telling = own.length > 0 ? own : named;
  const failing = telling.filter(({ check, up }) => up === false && check.cause === 'dns');
  const [first] = failing;
  const enough = failing.length === telling.length && named.length >= 2;
  return first !== undefined && enough ? first : telling.find(({ up }) => up);
}
