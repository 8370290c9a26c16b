import { stateOf } from '../verdict/evidence.ts';
import { atCollector } from '../verdict/read-evidence.ts';
import type { CheckReport, Report } from '../verdict/report.ts';
import { groupSteps, MANY, mapSteps, type Steps } from '../verdict/steps.ts';
import { byName, clock, duration, nodeNames } from '../verdict/words.ts';
import { firstSteps, paragraph } from './layout.ts';

const MAX_GROUPS = 50;

/**
 * Maximum groups of paths that failed only once: of ten thousand paths, twenty have at any moment,
 * by chance.
 */
const MAX_ONCE = 5;

/** Maximum names listed on the side of a group that has many. */
const MAX_NAMES = 20;

/**
 * Seconds within which an outage begins for all nodes that see it: longer than the default interval
 * and the timeout of a check together.
 */
const AT_ONCE = 15;

/** A failing check as a node sees it. */
export type FailingCheck = Readonly<{ report: Report; check: CheckReport }>;

type Path = Readonly<{
  from: string;
  to: string;
  since: number;
  isConfirmed: boolean;
  check: CheckReport;
}>;

/**
 * Failing paths to or from one node with the same cause: a few lines, however many nodes see it.
 */
type Group = Readonly<{
  node: string;
  isTarget: boolean;
  isConfirmed: boolean;
  paths: readonly Path[];
}>;

/**
 * Failing paths, grouped by the node that most of them have in common, in the order of node names.
 * Those that failed only once, which may be chance, come last.
 */
export function* failingPathLines(failing: readonly FailingCheck[], now: number): Steps<string[]> {
  const pathOf = ({ report, check }: FailingCheck): Path => {
    const since = check.since === null ? now : atCollector(check.since, report, now);
    const isConfirmed = stateOf(check) === false;
    return { from: report.node, to: check.node ?? '', since, isConfirmed, check };
  };
  const all = yield* groupsOf(yield* mapSteps(failing, pathOf, MANY));
  const groups = all.sort((a, b) => byName(a.node, b.node));
  const lines = (group: Group) => groupLines(group, now);
  const isConfirmed = (group: Group) => group.isConfirmed;
  return [
    ...(yield* firstSteps(groups.filter(isConfirmed), MAX_GROUPS, lines)),
    ...(yield* firstSteps(
      groups.filter((group) => !isConfirmed(group)),
      MAX_ONCE,
      lines,
    )),
  ];
}

function* groupsOf(paths: readonly Path[]): Steps<Group[]> {
  const from = yield* groupSteps(paths, (path) => path.from);
  const to = yield* groupSteps(paths, (path) => path.to);
  const size = (nodes: ReadonlyMap<string, readonly Path[]>, node: string) =>
    nodes.get(node)?.length ?? 0;
  const isTarget = (path: Path) => size(to, path.to) > size(from, path.from);
  const groups = yield* groupSteps(paths, (path) =>
    [
      isTarget(path) ? `to ${path.to}` : `from ${path.from}`,
      path.check.cause,
      path.isConfirmed,
    ].join('\n'),
  );
  return [...groups.values()].flatMap((own): Group[] => {
    const [first] = own;
    if (first === undefined) return [];
    const isOfTarget = isTarget(first);
    const { from: source, to: target, isConfirmed } = first;
    return [{ node: isOfTarget ? target : source, isTarget: isOfTarget, isConfirmed, paths: own }];
  });
}

function groupLines({ node, isTarget, isConfirmed, paths }: Group, now: number): string[] {
  const others = paths.map(({ from, to }) => (isTarget ? from : to));
  const listed = nodeNames(others, MAX_NAMES);
  const { cause, text } = paths[0]?.check ?? {};
  return [
    ...paragraph(isTarget ? `${listed} -> ${node}` : `${node} -> ${listed}`, 0, 2),
    ...paragraph(
      `${cause}${isConfirmed ? '' : ' once'}, ${sinceOf(paths, now)}: ${text ?? ''}`,
      2,
      4,
    ),
  ];
}

/** `since 03:09 UTC (2 min)`, with the latest start as well if not all began at the same time. */
function sinceOf(paths: readonly Path[], now: number): string {
  const times = paths.map(({ since }) => since);
  const begin = (time: number) => `${clock(time, now)} (${duration(now - time)})`;
  const first = times.reduce((a, b) => Math.min(a, b));
  const last = times.reduce((a, b) => Math.max(a, b));
  return last - first > AT_ONCE
    ? `since ${begin(first)} to ${begin(last)}`
    : `since ${begin(first)}`;
}
