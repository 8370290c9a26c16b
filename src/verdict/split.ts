import { type Draft, firstSince, mainCause, victimsOf } from './draft.ts';
import type { Edge, Evidence } from './evidence.ts';
import { AGREEMENT, type OpenPaths, WITNESSES } from './paths.ts';
import { type Closure, closure, isolatedNodes } from './reach.ts';
import { describeSplit } from './split-words.ts';
import { groupSteps, type Steps } from './steps.ts';
import { zoneOf } from './zones.ts';

/** This many silent nodes, or all of a zone, are a side of the cluster; fewer are single nodes. */
const SIDE = 3;

/**
 * Nodes lost within this many seconds are lost together: each loss shows at the next check, and one
 * check may still succeed.
 */
const TOGETHER = 10;

/** Causes that point to the network, not to a program. */
const NETWORK: ReadonlySet<unknown> = new Set(['unreachable', 'packets_lost', 'mtu', 'other']);

/** A single broken path must not hide the split; if the first few show no split, there is none. */
const MAX_TRIED = 5;

type Nodes = ReadonlySet<string>;

/** Sides of the cluster that do not reach each other. */
export function* findSplits(evidence: Evidence, open: OpenPaths): Steps<Draft[]> {
  if (open.failing.length === 0) return [];
  return [
    ...(yield* splitNodes(evidence, open)),
    ...(yield* splitZones(evidence, open)),
    ...silentSide(evidence, open),
  ];
}

/** If the other side sends no reports, all that is known is that nobody on this side reaches it. */
function silentSide(evidence: Evidence, open: OpenPaths): Draft[] {
  const outside = new Set(
    [...evidence.silent.values()].flatMap(({ node, cause }) =>
      !evidence.cordoned.has(node) && isOutside(open, node, cause === null ? WITNESSES : 1)
        ? [node]
        : [],
    ),
  );
  const zones = wholeZones(evidence, outside);
  const inZones = [...outside].filter((node) => zones.has(zoneOf(evidence, node)));
  const isWithinZones = inZones.length >= 2 && outside.size - inZones.length < SIDE;
  const isLargest = outside.size >= evidence.reports.size;
  if (!isWithinZones && !isLargest && outside.size < SIDE) return [];
  const there = isWithinZones && !isLargest ? lostWith(inZones, outside, open) : outside;
  return [split(evidence, open, new Set(evidence.reports.keys()), new Set(there))];
}

/** These nodes, and those of other zones lost at the same time: they are on that side, too. */
function lostWith(inZones: readonly string[], outside: Nodes, open: OpenPaths): string[] {
  const lostAt = (node: string) => firstSince(open.to(node)) ?? Number.NaN;
  const times = inZones.map(lostAt).filter((time) => !Number.isNaN(time));
  const [first, last] = [Math.min(...times) - TOGETHER, Math.max(...times) + TOGETHER];
  return [...outside].filter((node) => {
    const time = lostAt(node);
    return inZones.includes(node) || (time >= first && time <= last);
  });
}

/**
 * Whether no reporting pod reaches the node, and the network may be why. `witnesses`: how many must
 * check it. A missing report is evidence only if it was requested.
 */
function isOutside(open: OpenPaths, node: string, witnesses: number): boolean {
  const edges = open.to(node);
  return edges.length >= witnesses && edges.every(({ up }) => !up) && NETWORK.has(mainCause(edges));
}

/** Zones all of whose nodes are among these. */
function wholeZones(evidence: Evidence, among: Nodes): Nodes {
  const members = Map.groupBy(
    [...evidence.nodes].filter((node) => !evidence.cordoned.has(node)),
    (node) => zoneOf(evidence, node),
  );
  members.delete('');
  const whole = [...members].filter(([, nodes]) => nodes.every((node) => among.has(node)));
  return new Set(whole.map(([zone]) => zone));
}

/**
 * Two groups of nodes, the first of which does not reach the second, not even through others. Nodes
 * that reach nobody, or that nobody reaches, are no group: the findings about nodes name them.
 */
function* splitNodes(evidence: Evidence, open: OpenPaths): Steps<Draft[]> {
  const { blind, dark } = yield* isolatedNodes(open);
  const failing = open.failing.filter(({ from, to }) => !blind.has(from) && !dark.has(to));
  yield;
  const tried = yield* groupSteps(failing, ({ from }) => from);
  for (const [edge] of [...tried.values()].slice(0, MAX_TRIED)) {
    const sides = edge && (yield* sidesOf(edge, failing, open));
    if (sides === undefined) continue;
    const { here, there } = sides;
    // Nodes that check only the other side, or that only it checks, belong to a side as well.
    for (const node of blind) if (isOn(open.from(node), there, 'to')) here.add(node);
    for (const node of dark) if (isOn(open.to(node), here, 'from')) there.add(node);
    yield;
    return [split(evidence, open, here, there)];
  }
  return [];
}

/** The sides that a failing path separates; undefined if it is the only one or has a way round. */
function* sidesOf(
  edge: Edge,
  failing: readonly Edge[],
  open: OpenPaths,
): Steps<{ here: Set<string>; there: Set<string> } | undefined> {
  const sides = yield* closure(open.all, [edge]);
  if (!areApart(sides)) return undefined;
  // Failing paths that neither start there nor end here extend the sides, if these stay apart.
  const { reached, reaching } = sides;
  const rest = failing.filter(({ from, to }) => !reaching.has(from) && !reached.has(to));
  yield;
  const whole = yield* closure(open.all, rest);
  const { reached: here, reaching: there } = areApart(whole) ? whole : sides;
  const crossing = failing.filter(({ from, to }) => here.has(from) && there.has(to));
  return crossing.length < 2 ? undefined : { here, there };
}

function isOn(edges: readonly Edge[], side: Nodes, end: 'from' | 'to'): boolean {
  return edges.every((edge) => side.has(edge[end]));
}

function areApart({ reached, reaching }: Closure): boolean {
  return reached.isDisjointFrom(reaching);
}

/** Pairs of zones, the first of which does not reach the second, though a third may reach both. */
function* splitZones(evidence: Evidence, open: OpenPaths): Steps<Draft[]> {
  const { blind, dark } = yield* isolatedNodes(open);
  const zone = (node: string) => zoneOf(evidence, node);
  const isBetweenZones = ({ from, to }: Edge) =>
    zone(from) !== '' && zone(to) !== '' && zone(from) !== zone(to);
  const isMeant = (edge: Edge) =>
    isBetweenZones(edge) && !blind.has(edge.from) && !dark.has(edge.to);
  if (!haveSeveralEnds(open.failing.filter(isMeant))) return [];
  yield;
  const pairs = yield* groupSteps(
    open.all.filter(isMeant),
    ({ from, to }) => `${zone(from)}\n${zone(to)}`,
  );
  const drafts: Draft[] = [];
  for (const pair of pairs.values()) {
    yield;
    const [edge] = pair;
    // Once one direction of a pair is found, the other is explained.
    if (edge === undefined || !open.has(edge) || !isBlock(pair)) continue;
    const inZone = (name: string) => new Set([...evidence.nodes].filter((n) => zone(n) === name));
    drafts.push(split(evidence, open, inZone(zone(edge.from)), inZone(zone(edge.to))));
  }
  return drafts;
}

/** Whether several nodes do not reach several others. */
function isBlock(edges: readonly Edge[]): boolean {
  const failing = edges.filter(({ up }) => !up);
  return failing.length >= edges.length * AGREEMENT && haveSeveralEnds(failing);
}

function haveSeveralEnds(edges: readonly Edge[]): boolean {
  const sources = new Set(edges.map(({ from }) => from)).size;
  const targets = new Set(edges.map(({ to }) => to)).size;
  return sources > 1 && targets > 1;
}

function split(evidence: Evidence, open: OpenPaths, here: Nodes, there: Nodes): Draft {
  const between = (a: Nodes, b: Nodes) =>
    [...a].flatMap((node) => open.from(node).filter(({ to }) => b.has(to)));
  const across = between(here, there);
  const back = between(there, here);
  const bothWays = back.every(({ up }) => !up);
  const failing = [...across, ...back].filter(({ up }) => !up);
  open.explain(failing);
  const witnesses = new Set(across.map(({ from }) => from));
  const disagreeing = new Set(across.filter(({ up }) => up).map(({ from }) => from));
  const cause = mainCause(failing);
  return {
    kind: cause === 'mtu' ? 'mtu' : 'split',
    severity: 'critical',
    cause,
    since: firstSince(failing),
    witnesses: { agree: witnesses.size - disagreeing.size, of: witnesses.size },
    ...describeSplit(evidence, here, there, bothWays, cause),
    runbook: cause === 'mtu' ? 'KubenurseMtuFault.md' : 'KubenursePartition.md',
    victims: victimsOf(failing),
  };
}
