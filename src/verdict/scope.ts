import type { Evidence, Observation } from './evidence.ts';
import type { Scope } from './finding.ts';
import { telling } from './fresh.ts';
import { AGREEMENT } from './paths.ts';
import { count, nodeNames, outOf, whole, zoneNames } from './words.ts';
import { zoneOf } from './zones.ts';

/**
 * Fewer failures than this, or than this share of the checks, do not confirm each other: when
 * something begins to fail everywhere, a check on one in 500 nodes has just failed by chance, and
 * this is already its second failure in a row.
 */
const FEW = 3;
const FEW_SHARE = 0.01;

/** Where something fails, and who sees it. `isCommon`: most of the nodes that could check it do. */
export type Failing = Readonly<{
  scope: Scope;
  failing: readonly Observation[];
  of: number;
  isCommon: boolean;
}>;

/**
 * Whether it fails in the whole cluster, in zones, on nodes (both if some nodes fit no zone), or
 * nowhere. If few fail, each must have failed `alone` times in a row. What most nodes do not check
 * counts as failing on the nodes that do.
 */
export function scopesOf(
  evidence: Evidence,
  observations: readonly Observation[],
  alone = evidence.confirmedAlone,
): Failing[] {
  const known = observations.filter(({ up }) => up !== undefined);
  const failing = known.filter(({ up }) => !up);
  if (failing.length === 0) return [];
  const checkers = checkersOf(evidence, observations);
  const isCommon = observations.length * 2 > checkers.length;
  // Compared with all: if something else explains most, the rest is not everywhere.
  if (isCommon && failing.length >= 2 && failing.length >= observations.length * AGREEMENT) {
    return [{ scope: { in: 'cluster' }, failing, of: known.length, isCommon }];
  }
  const clear = telling(evidence, observations);
  const zones = zonesOf(evidence, observations, clear, checkers);
  const found = [...inZones(zones, clear), ...onNodes(zones, clear, observations.length, alone)];
  return found.map((each) => ({ ...each, isCommon }));
}

/** Nodes that could check it: for UDP, those that reach the node over TCP, else all that report. */
function checkersOf({ reports, to }: Evidence, [first]: readonly Observation[]): string[] {
  const { kind, node = '' } = first?.check ?? {};
  if (kind !== 'udp') return [...reports.keys()];
  return (to.get(node) ?? []).filter(({ check, up }) => check && up).map(({ from }) => from);
}

type Part = Omit<Failing, 'isCommon'>;

/** Zones where it fails, and zones where it may, as too little is known yet. */
type Zones = Readonly<{
  failing: ReadonlySet<string>;
  undecided: ReadonlySet<string>;
  of: (each: Observation) => string;
}>;

function zonesOf(
  evidence: Evidence,
  observations: readonly Observation[],
  clear: readonly Observation[],
  checkers: readonly string[],
): Zones {
  const of = ({ node }: Observation) => zoneOf(evidence, node);
  const countIn = (zone: string, nodes: readonly string[]) =>
    nodes.filter((node) => zoneOf(evidence, node) === zone).length;
  const checking = observations.map(({ node }) => node);
  const all = Map.groupBy(
    observations.filter(({ up, isUndecided }) => up !== undefined || isUndecided),
    of,
  );
  const failing = new Set<string>();
  const undecided = new Set<string>();
  for (const [zone, known] of Map.groupBy(clear, of)) {
    const count = known.filter(({ up }) => !up).length;
    if (zone === '' || count < 2 || count < known.length * AGREEMENT) continue;
    if (countIn(zone, checking) * 2 <= countIn(zone, checkers)) continue;
    const isMost = count * 2 >= (all.get(zone) ?? []).length;
    (isMost ? failing : undecided).add(zone);
  }
  return { failing, undecided, of };
}

function inZones({ failing: zones, of }: Zones, clear: readonly Observation[]): Part[] {
  if (zones.size === 0) return [];
  const there = clear.filter((each) => zones.has(of(each)));
  const failing = there.filter(({ up }) => !up);
  return [{ scope: { in: 'zones', zones: [...zones].sort() }, failing, of: there.length }];
}

function onNodes(zones: Zones, clear: readonly Observation[], all: number, alone: number): Part[] {
  const isElsewhere = (zone: string) => !zones.failing.has(zone) && !zones.undecided.has(zone);
  const rest = clear.filter((each) => !each.up && isElsewhere(zones.of(each)));
  const few = Math.max(FEW, all * FEW_SHARE);
  const failing = rest.length < few ? rest.filter(({ check }) => check.consecutive >= alone) : rest;
  if (failing.length === 0) return [];
  const nodes = failing.map(({ node }) => node);
  return [{ scope: { in: 'nodes', nodes }, failing, of: clear.length }];
}

/** `everywhere`, `in zone a`, `on node-1`. */
export function where({ silent }: Evidence, scope: Scope): string {
  if (scope.in === 'cluster')
    return silent.size === 0 ? 'everywhere' : 'on every node that reports';
  return scope.in === 'zones' ? `in ${zoneNames(scope.zones)}` : `on ${nodeNames(scope.nodes)}`;
}

/** `It fails on 2 of 5 nodes.`, and if most do not check it, how many do. */
export function onHowMany({ reports }: Evidence, { failing, of, isCommon }: Failing): string {
  if (isCommon) return `It fails on ${outOf(failing.length, of, 'node')}.`;
  const checkers = of === 1 ? 'the only node that checks' : `the ${whole(of)} nodes that check`;
  return `It fails on ${of === 1 ? '' : `${whole(failing.length)} of `}${checkers} it, of ${count(reports.size, 'node')} that report.`;
}
