import type { Evidence, Observation } from './evidence.ts';
import type { Scope } from './finding.ts';
import { AGREEMENT } from './paths.ts';
import { nodeNames, zoneNames } from './words.ts';
import { zoneOf } from './zones.ts';

/** Fewer failures than this confirm each other no more than one does. */
const FEW = 3;

/** Where something fails, by those who see it fail. */
export type Failing = Readonly<{ scope: Scope; failing: readonly Observation[]; of: number }>;

/**
 * Whether it fails in the whole cluster, in zones, on nodes, or on none: several of them where some nodes fit no zone.
 * Of few, each must have failed `alone` times in a row.
 */
export function scopesOf(
  evidence: Evidence,
  observations: readonly Observation[],
  alone = evidence.confirmedAlone,
): Failing[] {
  const known = observations.filter(({ up }) => up !== undefined);
  const failing = known.filter(({ up }) => !up);
  if (failing.length === 0) return [];
  // Of all: where most are explained by something else, the rest is not everywhere.
  if (failing.length >= 2 && failing.length >= observations.length * AGREEMENT) {
    return [{ scope: { in: 'cluster' }, failing, of: known.length }];
  }
  return [...inZones(evidence, known), ...onNodes(evidence, known, alone)];
}

function failingZones(evidence: Evidence, known: readonly Observation[]): Set<string> {
  const byZone = Map.groupBy(known, ({ node }) => zoneOf(evidence, node));
  byZone.delete('');
  const isFailing = (each: readonly Observation[]) => {
    const failing = each.filter(({ up }) => !up).length;
    return failing >= 2 && failing >= each.length * AGREEMENT;
  };
  return new Set([...byZone].filter(([, each]) => isFailing(each)).map(([zone]) => zone));
}

function inZones(evidence: Evidence, known: readonly Observation[]): Failing[] {
  const zones = failingZones(evidence, known);
  if (zones.size === 0) return [];
  const there = known.filter(({ node }) => zones.has(zoneOf(evidence, node)));
  const failing = there.filter(({ up }) => !up);
  return [{ scope: { in: 'zones', zones: [...zones].sort() }, failing, of: there.length }];
}

function onNodes(evidence: Evidence, known: readonly Observation[], alone: number): Failing[] {
  const zones = failingZones(evidence, known);
  const rest = known.filter(({ node, up }) => !up && !zones.has(zoneOf(evidence, node)));
  const failing = rest.length < FEW ? rest.filter(({ check }) => check.consecutive >= alone) : rest;
  if (failing.length === 0) return [];
  const nodes = failing.map(({ node }) => node);
  return [{ scope: { in: 'nodes', nodes }, failing, of: known.length }];
}

/** `everywhere`, `in zone a`, `on node-1`. */
export function where({ silent }: Evidence, scope: Scope): string {
  if (scope.in === 'cluster')
    return silent.size === 0 ? 'everywhere' : 'on every node that reports';
  return scope.in === 'zones' ? `in ${zoneNames(scope.zones)}` : `on ${nodeNames(scope.nodes)}`;
}
