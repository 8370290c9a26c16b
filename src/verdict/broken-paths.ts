import { byCause, type Draft, firstSince, mainCause, victimsOf } from './draft.ts';
import { CONFIRMED_ALONE, type Edge, type Evidence } from './evidence.ts';
import type { OpenPaths } from './paths.ts';
import { count, failure, names } from './words.ts';

/** With more single paths than this the pattern is the fault, and it is none that is known. */
const MAX_PATHS = 6;

/** The paths that fail by themselves; if they are many, that they do and no node or split explains it. */
export function findPaths(evidence: Evidence, open: OpenPaths): Draft[] {
  const failing = open.failing.filter(({ consecutive }) => consecutive >= CONFIRMED_ALONE);
  const isCurrent = evidence.view.podListError === null;
  // A pod that is no longer expected is being removed: that it is not reached any more is no fault.
  const current = failing.filter(({ to }) => !isCurrent || evidence.nodes.has(to));
  const pairs = Map.groupBy(current, ({ from, to }) => [from, to].sort().join('\n'));
  open.explain(failing);
  if (pairs.size > MAX_PATHS) return [unclear(current)];
  return [...pairs.values()].map((edges) => path(evidence, edges));
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
    headline: `${count(edges.length, 'path')} fail, and no single node or split explains it.`,
    details: [
      `Checked from ${names(sources)}.`,
      `Checked are ${names(targets)}.`,
      `Most of them: ${failure(mainCause(edges))}.`,
    ],
    runbook: 'KubenursePathBroken.md',
    victims: victimsOf(edges),
  };
}
