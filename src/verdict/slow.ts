import type { Draft } from './draft.ts';
import { type Evidence, mayWork, type Observation, type PathCheck } from './evidence.ts';
import { quantile } from './quantile.ts';
import type { CheckReport } from './report.ts';
import { scopesOf, where } from './scope.ts';
import { groupSteps, MANY, mapSteps, type Steps } from './steps.ts';
import { latency, whole } from './words.ts';
import { zoneOf } from './zones.ts';

/**
 * A latency is slow if it exceeds the usual one by this factor and by this many seconds (the
 * alerts' thresholds).
 */
const TIMES = 5;
const SECONDS_MORE = 0.01;

/** A component is slow everywhere at this many seconds: there is nothing to compare it with. */
const COMPONENT_SECONDS = 0.25;

/** On some nodes, it is slow at this many seconds more than usual, and `TIMES` times as long. */
const COMPONENT_SECONDS_MORE = 0.05;

/** Usual is the lower quartile: with three nodes, one slow node has most of the paths. */
const USUAL = 0.25;

/** With fewer paths between them, two zones have no usual latency. */
const PATHS_BETWEEN_ZONES = 4;

/** Share of the checks from a node, or of it, that must be slow for the node to be at fault. */
const MOST = 0.8;

/** Successes in the last minute for a meaningful median: a program's first checks are slow. */
const CHECKS = 6;

/** Paths examined per step: a few milliseconds. */
const PATHS_PER_STEP = 10_000;

/** A latency and what is usual. With a `component`, `to` is empty. */
type Timed = Readonly<{
  from: string;
  to: string;
  component?: Observation;
  seconds: number;
  usual: number;
}>;

/** Slow nodes, paths and components. `leftOut`: nodes whose latencies have another explanation. */
export function* findSlow(evidence: Evidence, leftOut: ReadonlySet<string>): Steps<Draft[]> {
  if (!(yield* isAnySlow(evidence, leftOut))) return [];
  yield;
  const paths = yield* timedPaths(evidence, leftOut);
  const timed = [...paths, ...(yield* timedComponents(evidence, leftOut))];
  yield;
  const slow = new Set(timed.filter(isSlowHere));
  if (slow.size === 0) return [];
  yield;
  const nodes = yield* slowNodes(timed, slow);
  const slowPaths = [...slow].filter(({ component }) => !component);
  const pairs = yield* groupSteps(slowPaths, ({ from, to }) => [from, to].sort().join('\n'));
  return [
    ...nodes,
    ...(yield* mapSteps(pairs.values(), pathDraft)),
    ...(yield* slowComponents(evidence, timed, slow)),
  ];
}

/** Whether anything is slow compared with the whole cluster; if not, nothing else is examined. */
function* isAnySlow({ paths, components }: Evidence, leftOut: ReadonlySet<string>): Steps<boolean> {
  const known: number[] = [];
  for (const [index, { from, to, check }] of paths.entries()) {
    if (index % PATHS_PER_STEP === 0) yield;
    const seconds = secondsOf(check);
    if (seconds !== undefined && !leftOut.has(from) && !leftOut.has(to)) known.push(seconds);
  }
  yield;
  const usual = quantile(known, USUAL);
  yield;
  if (known.some((seconds) => isSlow({ seconds, usual }, SECONDS_MORE))) return true;
  for (const all of components.values()) {
    yield;
    const own = all.flatMap(({ node, check }) => {
      return leftOut.has(node) ? [] : (secondsOf(check) ?? []);
    });
    const usual = quantile(own, USUAL);
    if (own.some((seconds) => isSlowComponent({ seconds, usual }))) return true;
  }
  return false;
}

/** The last minute's median; undefined if meaningless, or if the check fails, which is not slow. */
function secondsOf(check: CheckReport): number | undefined {
  if (!mayWork(check)) return undefined;
  const { lastMinute } = check;
  const { checks, failures, medianSeconds } = lastMinute;
  return checks - failures < CHECKS ? undefined : (medianSeconds ?? undefined);
}

function* timedPaths(evidence: Evidence, leftOut: ReadonlySet<string>): Steps<Timed[]> {
  const timed = ({ from, to, check }: PathCheck) => {
    const seconds = secondsOf(check);
    const isLeftOut = leftOut.has(from) || leftOut.has(to);
    return seconds === undefined || isLeftOut ? [] : [{ from, to, seconds }];
  };
  const paths = (yield* mapSteps(evidence.paths, timed, MANY)).flat();
  const usual = quantile(
    paths.map(({ seconds }) => seconds),
    USUAL,
  );
  // Zones may be far apart: compare a path with those between the same two, if there are enough.
  yield;
  const pairs = yield* groupSteps(
    paths,
    ({ from, to }) => `${zoneOf(evidence, from)}\n${zoneOf(evidence, to)}`,
  );
  const compared = yield* mapSteps(pairs.values(), (pair) => {
    const own = quantile(
      pair.map(({ seconds }) => seconds),
      USUAL,
    );
    const isComparable = pair.length >= PATHS_BETWEEN_ZONES;
    return pair.map((path) => ({ ...path, usual: isComparable ? Math.max(own, usual) : usual }));
  });
  return compared.flat();
}

function* timedComponents(evidence: Evidence, leftOut: ReadonlySet<string>): Steps<Timed[]> {
  const timed = yield* mapSteps(evidence.components.values(), (all) => {
    const known = all.flatMap((component) => {
      const { node: from, check } = component;
      const seconds = leftOut.has(from) ? undefined : secondsOf(check);
      return seconds === undefined ? [] : [{ from, to: '', component, seconds }];
    });
    const usual = quantile(
      known.map(({ seconds }) => seconds),
      USUAL,
    );
    // A single node has nothing to compare with: this is no evidence that it is not slow.
    return known
      .map((each) => ({ ...each, usual }))
      .filter((each) => known.length > 1 || isSlowComponent(each));
  });
  return timed.flat();
}

function isSlow({ seconds, usual }: Pick<Timed, 'seconds' | 'usual'>, more: number): boolean {
  return seconds > Math.max(TIMES * usual, usual + more);
}

function isSlowComponent(times: Pick<Timed, 'seconds' | 'usual'>): boolean {
  return times.seconds >= COMPONENT_SECONDS || isSlow(times, COMPONENT_SECONDS_MORE);
}

function isSlowHere(timed: Timed): boolean {
  return timed.component ? isSlowComponent(timed) : isSlow(timed, SECONDS_MORE);
}

/**
 * Nodes with most checks from them, or of them, slow, and at least two; those with the most come
 * first. Removes what they explain from `slow`.
 */
function* slowNodes(timed: readonly Timed[], slow: Set<Timed>): Steps<Draft[]> {
  const components = timed.filter(({ component }) => component);
  const groups = [
    [timed, 'from'],
    [timed, 'to'],
    // Paths may have no comparison, but what all nodes check does.
    [components, 'from'],
  ] as const;
  const suspects: { node: string; own: Timed[]; most: number }[] = [];
  for (const [group, end] of groups) {
    const all = yield* groupSteps(group, (each) => each[end]);
    const ends = yield* groupSteps(
      group.filter((each) => slow.has(each)),
      (each) => each[end],
    );
    ends.delete('');
    for (const [node, own] of ends) {
      suspects.push({ node, own, most: MOST * (all.get(node)?.length ?? 0) });
    }
  }
  suspects.sort((a, b) => b.own.length - a.own.length);
  const isLeft = (each: Timed) => slow.has(each);
  const byNode = Map.groupBy(suspects, ({ node }) => node);
  const drafts = yield* mapSteps(suspects, ({ node, own, most }) => {
    const left = own.filter(isLeft);
    if (left.length < 2 || left.length < most) return [];
    const touched = (byNode.get(node) ?? []).flatMap((each) => each.own);
    const explained = touched.filter(isLeft);
    for (const each of explained) slow.delete(each);
    return [nodeDraft(node, explained)];
  });
  return drafts.flat();
}

function directionOf(node: string, own: readonly Timed[]): 'from' | 'to' | 'both' {
  const isFrom = own.some(({ from }) => from === node);
  if (isFrom && own.some(({ to }) => to === node)) return 'both';
  return isFrom ? 'from' : 'to';
}

function typical(all: readonly Timed[], value: 'seconds' | 'usual'): string {
  return latency(
    quantile(
      all.map((each) => each[value]),
      0.5,
    ),
  );
}

const BASE = {
  kind: 'slow',
  severity: 'warning',
  cause: null,
  since: null,
  victims: [],
} as const;

function nodeDraft(node: string, own: readonly Timed[]): Draft {
  const direction = directionOf(node, own);
  const words = { from: 'from', to: 'to', both: 'to and from' }[direction];
  const paths = own.filter(({ component }) => !component);
  const shown = paths.length > 0 ? paths : own;
  return {
    ...BASE,
    subject: { type: 'node', node, direction },
    witnesses: { agree: own.length, of: own.length },
    headline: `Checks ${words} ${node} are slow: ${typical(shown, 'seconds')}, where ${typical(shown, 'usual')} is usual.`,
    details: [`Most checks ${words} it are slow (${whole(own.length)}).`],
    runbook: 'KubenurseNodeSlow.md',
  };
}

function pathDraft(pair: readonly Timed[]): Draft {
  const [{ from, to } = { from: '', to: '' }] = pair;
  const bothWays = pair.length > 1;
  const ends = bothWays ? `between ${from} and ${to}` : `from ${from} to ${to}`;
  return {
    ...BASE,
    subject: { type: 'path', from, to, bothWays },
    witnesses: { agree: pair.length, of: pair.length },
    headline: `The path ${ends} is slow: ${typical(pair, 'seconds')}, where ${typical(pair, 'usual')} is usual.`,
    details: ['Most other paths of both nodes are not slow.'],
    runbook: 'KubenursePathSlow.md',
  };
}

function* slowComponents(
  evidence: Evidence,
  timed: readonly Timed[],
  isOpen: ReadonlySet<Timed>,
): Steps<Draft[]> {
  const types = yield* groupSteps(timed, ({ component }) => component?.check.type ?? '');
  types.delete('');
  const drafts = yield* mapSteps(types, ([type, all]) => {
    // Leaves out what a slow node explains.
    const compared = all.filter((each) => isOpen.has(each) || !isSlowHere(each));
    const isSlowThere = new Map(compared.map((each) => [each.component?.node, isOpen.has(each)]));
    // What is not compared stays, as unknown: without it, the rest could be slow everywhere.
    const observations = (evidence.components.get(type) ?? []).map((each): Observation => {
      const isSlow = isSlowThere.get(each.node);
      return { ...each, up: isSlow === undefined ? undefined : !isSlow };
    });
    // A median covers many checks: the results of the last ones do not matter.
    return scopesOf(evidence, observations, 0).map(({ scope, failing, of }): Draft => {
      const nodes = new Set(failing.map(({ node }) => node));
      const own = compared.filter((each) => isOpen.has(each) && nodes.has(each.from));
      return {
        ...BASE,
        subject: { type: 'component', component: type, scope },
        witnesses: { agree: failing.length, of },
        headline: `${type} is slow ${where(evidence, scope)}: half of the checks take ${typical(own, 'seconds')} or more.`,
        details: scope.in === 'cluster' ? [] : [`Elsewhere ${typical(own, 'usual')} is usual.`],
        runbook: 'KubenurseNodeSlow.md',
      };
    });
  });
  return drafts.flat();
}
