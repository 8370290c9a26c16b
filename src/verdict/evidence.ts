import type { Cause } from '../model.ts';
import type { CheckReport, ClusterView, Report, SilentPod } from './report.ts';
import { finish, type Steps } from './steps.ts';

/** Reports that are read in one step: a few milliseconds. */
const REPORTS_PER_STEP = 200;

/** Failures in a row from which on a check counts as failing: one lost check is none. */
export const CONFIRMED = 2;

/**
 * Failures in a row from which on a check is believed that no other check confirms: one more among so many checks that three
 * by chance would be seen. At 0.2% of random failures, a view of 1,000 checks has three in a row with a probability of 1 in
 * 125,000, one of 10,000 checks with 1 in 12,500, and four in a row with 1 in 6 million.
 */
const CONFIRMED_ALONE = { few: 3, many: 4 };
const MANY_CHECKS = 1_000;

/** What is known of the connections from one node to another. */
export type Edge = Readonly<{
  from: string;
  to: string;
  up: boolean;
  cause: Cause | null;
  since: number | null;
  /** Results in a row; 0 where the only attempt was to fetch the report. */
  consecutive: number;
  /** Undefined where the only attempt was to fetch the report. */
  check?: CheckReport;
}>;

/** A check of one node by another, whatever came of it. */
export type PathCheck = Readonly<{ from: string; to: string; check: CheckReport }>;

/** A check of something that every pod checks. */
export type Observation = Readonly<{
  node: string;
  check: CheckReport;
  /** Undefined where it is not known, or where a finding explains the failure. */
  up: boolean | undefined;
  /** Whether `up` is undefined because the next results decide it: a failure is not confirmed. */
  isUndecided: boolean;
  since: number | null;
  /** When the last result came; the time of collection where the report does not have it. */
  lastAt: number;
}>;

/** A view, by node. One pod a node: of two, the first that is listed. */
export type Evidence = Readonly<{
  view: ClusterView;
  /** Every node that is expected to report or has reported. */
  nodes: ReadonlySet<string>;
  reports: ReadonlyMap<string, Report>;
  /** Nodes that did not report. */
  silent: ReadonlyMap<string, SilentPod>;
  cordoned: ReadonlySet<string>;
  zones: ReadonlyMap<string, string>;
  paths: readonly PathCheck[];
  /** The paths of which it is known whether they work, and the attempts to fetch reports. */
  edges: readonly Edge[];
  from: ReadonlyMap<string, readonly Edge[]>;
  to: ReadonlyMap<string, readonly Edge[]>;
  /** Paths beside the fixed neighbours, and those of them that fail: evidence of themselves alone, and in no other list. */
  suspects: readonly PathCheck[];
  failingSuspects: readonly Edge[];
  /** Failures in a row from which on a check is believed that no other check confirms. */
  confirmedAlone: number;
  /** How many checks of a node have failed, but not often enough to be an edge. */
  unconfirmed: ReadonlyMap<string, number>;
  /** By check `type`. */
  components: ReadonlyMap<string, readonly Observation[]>;
  /** UDP checks of nodes that are reached by TCP, by check `type`. */
  udp: ReadonlyMap<string, readonly Observation[]>;
}>;

/** Puts the view in order. */
export function readEvidence(view: ClusterView): Evidence {
  return finish(evidenceSteps(view));
}

/** `readEvidence()` in steps. */
export function* evidenceSteps(view: ClusterView): Steps<Evidence> {
  const reports = new Map<string, Report>();
  for (const report of view.reports) {
    if (!reports.has(report.node)) reports.set(report.node, report);
  }
  const silent = new Map(
    view.silent.filter(({ node }) => !reports.has(node)).map((pod) => [pod.node, pod]),
  );
  const paths: PathCheck[] = [];
  const edges: Edge[] = [];
  const suspects: PathCheck[] = [];
  const failingSuspects: Edge[] = [];
  const observations = { components: [] as Observation[], udp: [] as Observation[] };
  for (const [index, report] of [...reports.values()].entries()) {
    if (index % REPORTS_PER_STEP === 0) yield;
    addPaths(report, view.now, paths, edges);
    addSuspects(report, view.now, suspects, failingSuspects);
    addObservations(report, view.now, observations);
  }
  edges.push(...fetches(view, reports, silent, edges));
  yield;
  const from = Map.groupBy(edges, (edge) => edge.from);
  yield;
  const to = Map.groupBy(edges, (edge) => edge.to);
  yield;
  const zones = zonesOf(view);
  yield;
  const byType = ({ check }: Observation) => check.type;
  return {
    view,
    nodes: new Set([...view.expected, ...view.reports].map(({ node }) => node)),
    reports,
    silent,
    cordoned: new Set(view.cordoned),
    zones,
    paths,
    edges,
    from,
    to,
    suspects,
    failingSuspects,
    confirmedAlone:
      CONFIRMED_ALONE[paths.length + observations.components.length > MANY_CHECKS ? 'many' : 'few'],
    unconfirmed: unconfirmedOf(paths),
    components: Map.groupBy(observations.components, byType),
    udp: Map.groupBy(observations.udp, byType),
  };
}

/** Whether the check is ok or has failed often enough; undefined between the two, and before the first result. */
function stateOf({ state, consecutive }: CheckReport): boolean | undefined {
  if (state === 'ok') return true;
  return state === 'failing' && consecutive >= CONFIRMED ? false : undefined;
}

/** Whether the check is not known to fail: one lost check does not change how fast the others were. */
export function mayWork(check: CheckReport): boolean {
  return stateOf(check) !== false;
}

/** By the collector's clock: the age of the state is right even where the pod's clock is not. */
function sinceOf({ since }: CheckReport, report: Report, now: number): number | null {
  return since === null ? null : atCollector(since, report, now);
}

function atCollector(podTime: number, { reportedAt }: Report, now: number): number {
  return now - Math.max(0, reportedAt - podTime);
}

// Tens of thousands in a large cluster: loops take a third of the time of lists of lists.
function addPaths(report: Report, now: number, paths: PathCheck[], edges: Edge[]): void {
  const { node: from, checks } = report;
  for (const check of checks) {
    const { kind, node: to = from, suspect } = check;
    if (kind !== 'path' || suspect || to === from) continue;
    paths.push({ from, to, check });
    const edge = edgeOf(from, to, check, report, now);
    if (edge !== undefined) edges.push(edge);
  }
}

function addSuspects(report: Report, now: number, suspects: PathCheck[], failing: Edge[]): void {
  const { node: from, checks } = report;
  for (const check of checks) {
    const { kind, node: to = from, suspect } = check;
    if (kind !== 'path' || !suspect || to === from) continue;
    suspects.push({ from, to, check });
    const edge = edgeOf(from, to, check, report, now);
    if (edge?.up === false) failing.push(edge);
  }
}

/** Undefined where it is not known whether the path works. */
function edgeOf(
  from: string,
  to: string,
  check: CheckReport,
  report: Report,
  now: number,
): Edge | undefined {
  const up = stateOf(check);
  if (up === undefined) return undefined;
  const { cause, consecutive } = check;
  return { from, to, up, cause, since: sinceOf(check, report, now), consecutive, check };
}

function unconfirmedOf(paths: readonly PathCheck[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { to, check } of paths) {
    if (stateOf(check) === undefined) counts.set(to, (counts.get(to) ?? 0) + 1);
  }
  return counts;
}

/** To fetch a report is a check, too, where the collector does not check that node anyway. */
function fetches(
  { collector }: ClusterView,
  reports: ReadonlyMap<string, Report>,
  silent: ReadonlyMap<string, SilentPod>,
  paths: readonly Edge[],
): Edge[] {
  const from = collector.node;
  const checked = new Set(paths.filter((edge) => edge.from === from).map(({ to }) => to));
  checked.add(from);
  const unknown = { from, since: null, consecutive: 0 };
  return [
    ...[...reports.keys()].map((to): Edge => ({ ...unknown, to, up: true, cause: null })),
    ...[...silent.values()]
      .filter(({ cause }) => cause !== null)
      .map(({ node, cause }): Edge => ({ ...unknown, to: node, up: cause === 'status', cause })),
  ].filter(({ to }) => !checked.has(to));
}

function zonesOf({ expected, reports }: ClusterView): Map<string, string> {
  const zones = new Map<string, string>();
  const add = ({ node, zone }: Readonly<{ node?: string; zone?: string }>) => {
    if (node && zone) zones.set(node, zone);
  };
  for (const { checks } of reports) checks.forEach(add);
  expected.forEach(add);
  reports.forEach(add);
  return zones;
}

/**
 * Whether a check by UDP shows what the one by TCP does not: it does not where that one fails, too, or has not succeeded
 * since. Where the port is closed, the pod does not reflect packets, which is no fault of the network.
 */
function isByUdpAlone({ node, cause, state, since }: CheckReport, { checks }: Report): boolean {
  if (cause === 'refused') return false;
  if (state === 'ok') return true;
  return checks.some(
    (other) =>
      other.kind === 'path' &&
      other.node === node &&
      other.state === 'ok' &&
      (other.lastAt ?? Infinity) >= (since ?? 0),
  );
}

function addObservations(
  report: Report,
  now: number,
  { components, udp }: Readonly<{ components: Observation[]; udp: Observation[] }>,
): void {
  for (const check of report.checks) {
    if (check.state === 'pending' || check.kind === 'path') continue;
    if (check.kind === 'udp' && !isByUdpAlone(check, report)) continue;
    const up = stateOf(check);
    const lastAt = typeof check.lastAt === 'number' ? atCollector(check.lastAt, report, now) : now;
    const observation = {
      ...{ node: report.node, check, up, isUndecided: up === undefined },
      ...{ since: sinceOf(check, report, now), lastAt },
    };
    (check.kind === 'udp' ? udp : components).push(observation);
  }
}
