import type { Evidence, Observation } from './evidence.ts';
import type { Scope } from './finding.ts';
import { telling } from './fresh.ts';
import { AGREEMENT } from './paths.ts';
import { count, nodeNames, outOf, whole, zoneNames } from './words.ts';
import { zoneOf } from './zones.ts';

/**
 * Fewer failures than this, or than this share of all nodes, confirm each other no more than one does: when something begins
 * to fail everywhere, on one in 500 nodes a check has just failed by chance as well, and it is the second in a row.
 */
const FEW = 3;
const FEW_SHARE = 0.01;

/** Where something fails, by those who see it fail. `isCommon`: most of the nodes that could check it do. */
export type Failing = Readonly<{
  scope: Scope;
  failing: readonly Observation[];
  of: number;
  isCommon: boolean;
}>;

/**
 * Whether it fails in the whole cluster, in zones, on nodes, or on none: several of them where some nodes fit no zone.
 * Of few, each must have failed `alone` times in a row. What most nodes do not check fails on the nodes that do.
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
  // Of all: where most are explained by something else, the rest is not everywhere.
  if (isCommon && failing.length >= 2 && failing.length >= observations.length * AGREEMENT) {
    return [{ scope: { in: 'cluster' }, failing, of: known.length, isCommon }];
  }
  const clear = telling(evidence, observations);
  const zones = zonesOf(evidence, observations, clear, checkers);
  const found = [...inZones(zones, clear), ...onNodes(zones, clear, observations.length, alone)];
  return found.map((each) => ({ ...each, isCommon }));
}

/** The nodes that could check it: those that reach the node by TCP, where it is a check by UDP, and else all that report. */
function checkersOf({ reports, to }: Evidence, [first]: readonly Observation[]): string[] {
  const { kind, node = '' } = first?.check ?? {};
  if (kind !== 'udp') return [...reports.keys()];
  return (to.get(node) ?? []).filter(({ check, up }) => check && up).map(({ from }) => from);
}

type Part = Omit<Failing, 'isCommon'>;

/** Zones in which it fails, and those in which so little is known yet that it may. */
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

/** `It fails on 2 of 5 nodes.`, and how many do not check it if these are most. */
export function onHowMany({ reports }: Evidence, { failing, of, isCommon }: Failing): string {
  if (isCommon) return `It fails on ${outOf(failing.length, of, 'node')}.`;
  const checkers = of === 1 ? 'the only node that checks' : `the ${whole(of)} nodes that check`;
  return `It fails on ${of === 1 ? '' : `${whole(failing.length)} of `}${checkers} it, of ${count(reports.size, 'node')} that report.`;
}
