import type { Cause } from '../model.ts';
import type { Edge } from './evidence.ts';
import type { Finding, Victim } from './finding.ts';

/** Maximum number of victims that a finding lists. */
const MAX_VICTIMS = 100;

/** A finding before it is known what else is wrong. */
export type Draft = Omit<Finding, 'notAffected' | 'victims' | 'victimCount'> &
  Readonly<{ victims: readonly Victim[] }>;

/** Completes a draft. */
export function finding({ victims, ...draft }: Draft, notAffected: string): Finding {
  return {
    ...draft,
    notAffected,
    victims: victims.slice(0, MAX_VICTIMS),
    victimCount: victims.length,
  };
}

/** The cause of most of the failures; null without any. */
export function mainCause(failures: Iterable<Readonly<{ cause: Cause | null }>>): Cause | null {
  const counts = new Map<Cause, number>();
  for (const { cause } of failures) {
    if (cause !== null) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? null;
}

/** When the first of them began; null if not known for any. */
export function firstSince(failures: Iterable<Readonly<{ since: number | null }>>): number | null {
  let first: number | null = null;
  for (const { since } of failures) {
    if (since !== null && (first === null || since < first)) first = since;
  }
  return first;
}

/** The failing checks of these edges. */
export function victimsOf(edges: Iterable<Edge>): Victim[] {
  return [...edges].flatMap(({ from, check, up }) =>
    check === undefined || up ? [] : [{ node: from, type: check.type }],
  );
}

/** Losing large packets, or some of all, is a different fault from letting nothing through. */
export function byCause(
  cause: Cause | null,
  otherwise: Pick<Draft, 'kind' | 'runbook'>,
  lossRunbook: string,
): Pick<Draft, 'kind' | 'runbook'> {
  if (cause === 'mtu') return { kind: 'mtu', runbook: 'KubenurseMtuFault.md' };
  return cause === 'packets_lost' ? { kind: 'loss', runbook: lossRunbook } : otherwise;
}
