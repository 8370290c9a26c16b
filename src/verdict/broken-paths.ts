import { byCause, type Draft, firstSince, mainCause, victimsOf } from './draft.ts';
import type { Edge, Evidence } from './evidence.ts';
import type { OpenPaths } from './paths.ts';
import { groupSteps, mapSteps, type Steps } from './steps.ts';
import { count, failure, nodeNames } from './words.ts';

/** More single paths than this are a pattern that matches no known fault. */
const MAX_PATHS = 6;

/**
 * A node with at least this many failing paths is reported separately, for at most this many nodes:
 * two reports do not make all paths unclear.
 */
const MANY_OF_ONE = 3;
const MAX_APART = 2;

/** Suspects compared with all findings per step: a millisecond with some hundreds of findings. */
const SUSPECTS_PER_STEP = 100;

/**
 * The paths that are at fault themselves; if they are many, a finding that no node or split
 * explains them. `found`: the nodes, paths and splits known to be at fault.
 */
export function* findPaths(
  evidence: Evidence,
  open: OpenPaths,
  found: readonly Draft[],
): Steps<Draft[]> {
  const explainers = found.map(explainer);
  const suspects = yield* mapSteps(
    evidence.failingSuspects,
    (edge) => (explainers.some((explains) => explains(edge)) ? [] : [edge]),
    SUSPECTS_PER_STEP,
  );
  yield;
  const failing = [...open.failing, ...suspects.flat()].filter(
    ({ consecutive }) => consecutive >= evidence.confirmedAlone,
  );
  open.explain(failing);
  const pairs = yield* pairsOf(failing);
  if (pairs.length <= MAX_PATHS) return pairs.map((edges) => path(evidence, edges));
  const bySource = yield* groupSteps(failing, ({ from }) => from);
  const sources = [...bySource.values()].sort((a, b) => b.length - a.length);
  const many = sources.filter(({ length }) => length >= MANY_OF_ONE).slice(0, MAX_APART);
  for (let apart = 1; apart <= many.length; apart++) {
    const others = yield* pairsOf(sources.slice(apart).flat());
    if (others.length > MAX_PATHS) continue;
    return [...many.slice(0, apart).map(unclear), ...others.map((edges) => path(evidence, edges))];
  }
  return [unclear(failing)];
}

function* pairsOf(edges: readonly Edge[]): Steps<Edge[][]> {
  const pairs = yield* groupSteps(edges, ({ from, to }) => [from, to].sort().join('\n'));
  return [...pairs.values()];
}

/** Returns a test: whether the finding's subject explains a failing path. */
function explainer({ subject }: Draft): (edge: Edge) => boolean {
  if (subject.type === 'sides') {
    const [here, there] = subject.sides.map(({ nodes }) => new Set(nodes));
    return ({ from, to }) =>
      Boolean((here?.has(from) && there?.has(to)) || (there?.has(from) && here?.has(to)));
  }
  if (subject.type !== 'node') return () => false;
  const { node, direction } = subject;
  return ({ from, to }) =>
    (direction !== 'from' && to === node) || (direction !== 'to' && from === node);
}

const PATH = { kind: 'path', runbook: 'KubenursePathBroken.md' } as const;

function path(evidence: Evidence, edges: readonly Edge[]): Draft {
  const [{ from, to } = { from: '', to: '' }] = edges;
  const cause = mainCause(edges);
  const bothWays = edges.length > 1;
  const others = (evidence.to.get(to) ?? []).filter((edge) => edge.from !== from && edge.up).length;
  const ends = bothWays ? `between ${from} and ${to}` : `from ${from} to ${to}`;
  return {
    ...byCause(cause, PATH, 'KubenursePathLosesPackets.md'),
    severity: 'warning',
    subject: { type: 'path', from, to, bothWays },
    cause,
    since: firstSince(edges),
    witnesses: { agree: edges.length, of: edges.length },
    headline: `The path ${ends} is broken: ${failure(cause)}.`,
    details: [
      others > 0
        ? `${count(others, 'other node')} ${others === 1 ? 'reaches' : 'reach'} ${to}.`
        : `No other node that reports checks ${to}: which of the two is at fault cannot be determined.`,
      ...(bothWays ? [] : [reverse(evidence, from, to)]),
    ],
    victims: victimsOf(edges),
  };
}

function reverse(evidence: Evidence, from: string, to: string): string {
  const back = evidence.from.get(to)?.find((edge) => edge.to === from && edge.check);
  if (back?.up) return `The other direction, from ${to} to ${from}, works.`;
  return `The other direction, from ${to} to ${from}, is not checked.`;
}

/** What the failing paths have in common. */
function pattern(paths: number, sources: readonly string[], targets: readonly string[]): string {
  if (targets.length === 1) {
    return `${count(sources.length, 'node')} do not reach ${nodeNames(targets)}, and others do.`;
  }
  if (sources.length === 1) {
    return `${nodeNames(sources)} does not reach ${count(targets.length, 'node')}, and others do.`;
  }
  return `${count(paths, 'path')} fail, and no single node or split explains it.`;
}

function unclear(edges: readonly Edge[]): Draft {
  const sources = [...new Set(edges.map(({ from }) => from))];
  const targets = [...new Set(edges.map(({ to }) => to))];
  return {
    kind: 'unclear',
    severity: 'critical',
    subject: { type: 'paths', paths: edges.slice(0, 100).map(({ from, to }) => [from, to]) },
    cause: mainCause(edges),
    since: firstSince(edges),
    witnesses: { agree: sources.length, of: sources.length },
    headline: pattern(edges.length, sources, targets),
    details: [
      `The failing paths start on ${nodeNames(sources)}.`,
      `They lead to ${nodeNames(targets)}.`,
      `On most of them, ${failure(mainCause(edges))}.`,
    ],
    runbook: 'KubenursePathBroken.md',
    victims: victimsOf(edges),
  };
}
