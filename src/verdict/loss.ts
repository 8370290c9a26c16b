import { type Draft, firstSince, mainCause, victimsOf } from './draft.ts';
import type { Edge, Evidence, PathCheck } from './evidence.ts';
import type { OpenPaths } from './paths.ts';
import { quantile } from './quantile.ts';
import { chanceRun } from './service-noise.ts';
import { groupSteps, mapSteps, type Steps } from './steps.ts';
import { outOf, percent } from './words.ts';

/** Share of retransmitted segments that is loss: a healthy network stays below a tenth of it. */
const SHARE = 0.02;

/** Retransmissions in a minute that are not chance on one path; twice as many on a node's paths. */
const SEGMENTS = 5;

/** A node loses packets if loss shows on this share of its paths, and on at least this many. */
const PATHS = 0.6;
const MIN_PATHS = 3;

type Counted = Readonly<{ path: PathCheck; sent: number; again: number }>;

/** Nodes and paths that lose packets. They explain short runs of failures there. */
export function* findLoss(evidence: Evidence, open: OpenPaths): Steps<Draft[]> {
  if (!mayLose(evidence.paths)) return [];
  const rest = new Set(weighted(evidence.paths.flatMap(counted)));
  yield;
  const drafts: Draft[] = [];
  for (const [node, all] of yield* suspects(rest)) {
    yield;
    const touched = all.filter((each) => rest.has(each));
    // If every path loses packets, no node stands out: the paths are named instead.
    const isAnother = ({ again, path: { from, to } }: Counted) =>
      again < 2 && from !== node && to !== node;
    if (!isLossy(touched) || !rest.values().some(isAnother)) continue;
    for (const each of touched) rest.delete(each);
    drafts.push(lossyNode(open, node, touched));
  }
  const lossy = [...rest].filter((each) => each.again >= SEGMENTS && shareOf([each]) >= SHARE);
  const pairs = yield* groupSteps(lossy, ({ path }) => [path.from, path.to].sort().join('\n'));
  return [...drafts, ...(yield* mapSteps(pairs.values(), (pair) => lossyPath(open, pair)))];
}

/** Whether any path or node has enough retransmissions; if not, nothing else is examined. */
function mayLose(paths: readonly PathCheck[]): boolean {
  const again = new Map<string, number>();
  for (const { from, to, check } of paths) {
    const { segmentsRetransmitted } = check.lastMinute;
    if (segmentsRetransmitted === 0) continue;
    if (segmentsRetransmitted >= SEGMENTS) return true;
    for (const node of [from, to]) again.set(node, (again.get(node) ?? 0) + segmentsRetransmitted);
  }
  return again.values().some((segments) => segments >= 2 * SEGMENTS);
}

function counted(path: PathCheck): Counted[] {
  const {
    segmentsSent: sent,
    segmentsRetransmitted: again,
    failures,
    checks,
  } = path.check.lastMinute;
  // A path that mostly fails is broken, not lossy.
  return sent === 0 || failures * 2 > checks ? [] : [{ path, sent, again }];
}

/** Caps each path at twice the usual number of segments: no report outweighs the others. */
function weighted(all: readonly Counted[]): Counted[] {
  const sent = all.map((each) => each.sent);
  const most = 2 * quantile(sent, 0.5);
  return all.map((each) => {
    const scale = Math.min(1, most / each.sent);
    const again = Math.min(each.again, each.sent);
    return { path: each.path, sent: each.sent * scale, again: again * scale };
  });
}

function shareOf(paths: readonly Counted[]): number {
  const sum = (value: (each: Counted) => number) =>
    paths.reduce((all, each) => all + value(each), 0);
  return (
    sum(({ again }) => again) /
    Math.max(
      1,
      sum(({ sent }) => sent),
    )
  );
}

/** Nodes that seem to lose packets, and their paths; the largest share of affected paths first. */
function* suspects(paths: ReadonlySet<Counted>): Steps<[string, Counted[]][]> {
  const again = new Map<string, number>();
  for (const each of paths) {
    if (each.again === 0) continue;
    for (const node of endsOf(each)) again.set(node, (again.get(node) ?? 0) + each.again);
  }
  const byNode = new Map<string, Counted[]>();
  for (const [node, segments] of again) if (segments >= 2 * SEGMENTS) byNode.set(node, []);
  if (byNode.size === 0) return [];
  yield;
  for (const each of paths) for (const node of endsOf(each)) byNode.get(node)?.push(each);
  const known = yield* mapSteps(byNode, ([node, own]) =>
    isLossy(own) ? [{ node, own, affected: affected(own), share: shareOf(own) }] : [],
  );
  return known
    .flat()
    .sort((a, b) => b.affected - a.affected || b.share - a.share)
    .map(({ node, own }) => [node, own]);
}

function endsOf({ path: { from, to } }: Counted): [string, string] {
  return [from, to];
}

/** The share of paths that show the node's loss: the others show less than a third of it. */
function affected(own: readonly Counted[]): number {
  return affectedPaths(own).length / own.length;
}

function affectedPaths(own: readonly Counted[]): Counted[] {
  const usual = shareOf(own) / 3;
  return own.filter(({ again, sent }) => again > 0 && again / sent >= usual);
}

function isLossy(own: readonly Counted[]): boolean {
  const again = own.reduce((sum, each) => sum + each.again, 0);
  const isLoss = again >= 2 * SEGMENTS && shareOf(own) >= SHARE;
  return isLoss && affectedPaths(own).length >= MIN_PATHS && affected(own) >= PATHS;
}

/** Whether a path has failed so briefly that lost packets explain it. */
function byLoss(share: number): (edge: Edge) => boolean {
  const run = chanceRun(share, 1);
  return ({ up, consecutive }) => !up && consecutive < run;
}

function lossyNode(open: OpenPaths, node: string, touched: readonly Counted[]): Draft {
  const failing = [...open.from(node), ...open.to(node)].filter(byLoss(shareOf(touched)));
  open.explain(failing);
  const agree = affectedPaths(touched).length;
  return {
    kind: 'loss',
    severity: 'warning',
    subject: { type: 'node', node, direction: 'both' },
    cause: mainCause(failing),
    since: firstSince(failing),
    witnesses: { agree, of: touched.length },
    headline: `${node} loses packets: ${percent(shareOf(touched))} of the segments to and from it are retransmitted.`,
    details: [`${outOf(agree, touched.length, 'path')} to and from it lose packets.`],
    runbook: 'KubenurseNodeLosesPackets.md',
    victims: victimsOf(failing),
  };
}

function lossyPath(open: OpenPaths, pair: readonly Counted[]): Draft {
  const { from, to } = pair[0]?.path ?? { from: '', to: '' };
  const between = [...open.from(from), ...open.from(to)].filter(
    ({ to: end }) => end === from || end === to,
  );
  const failing = between.filter(byLoss(shareOf(pair)));
  open.explain(failing);
  const bothWays = pair.length > 1;
  return {
    kind: 'loss',
    severity: 'warning',
    subject: { type: 'path', from, to, bothWays },
    cause: mainCause(failing),
    since: firstSince(failing),
    witnesses: { agree: pair.length, of: pair.length },
    headline: `The path ${bothWays ? 'between' : 'from'} ${from} ${bothWays ? 'and' : 'to'} ${to} loses packets: ${percent(shareOf(pair))} of its segments are retransmitted.`,
    details: ['Other paths of both nodes lose fewer.'],
    runbook: 'KubenursePathLosesPackets.md',
    victims: victimsOf(failing),
  };
}
