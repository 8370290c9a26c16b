import { type Edge, type Evidence, type Observation, type PathCheck, stateOf } from './evidence.ts';
import type { CheckReport, ClusterView, Report, SilentPod } from './report.ts';
import { append, MANY, type Steps, stepsOf } from './steps.ts';

/**
 * How many failures in a row count without another check to confirm them: one more if there are so
 * many checks that three in a row would happen by chance. With 0.2% random failures, the
 * probability of three in a row is 1 in 125,000 in a view of 1,000 checks and 1 in 12,500 in one of
 * 10,000 checks, where that of four in a row is 1 in 6 million.
 */
const CONFIRMED_ALONE = { few: 3, many: 4 };
const MANY_CHECKS = 1_000;

/** Filled report by report: with thousands of pods, grouping everything afterwards takes long. */
type Read = Readonly<{
  paths: PathCheck[];
  edges: Edge[];
  failing: Edge[];
  from: Map<string, Edge[]>;
  to: Map<string, Edge[]>;
  suspects: PathCheck[];
  failingSuspects: Edge[];
  unconfirmed: Map<string, number>;
  components: Map<string, Observation[]>;
  udp: Map<string, Observation[]>;
  zones: Map<string, string>;
}>;

/** Turns the view into evidence. */
export function* evidenceSteps(view: ClusterView): Steps<Evidence> {
  const nodes = new Set([...view.expected, ...view.reports].map(({ node }) => node));
  const reports = reportsByNode(view, nodes);
  const silent = new Map(
    view.silent.filter(({ node }) => !reports.has(node)).map((pod) => [pod.node, pod]),
  );
  const read: Read = {
    ...{ paths: [], edges: [], failing: [], suspects: [], failingSuspects: [] },
    ...{ from: new Map(), to: new Map(), unconfirmed: new Map(), zones: new Map() },
    ...{ components: new Map(), udp: new Map() },
  };
  const zones = new Map<string, string[]>();
  const isStep = stepsOf(MANY);
  for (const report of reports.values()) {
    if (isStep(report.checks.length)) yield;
    addPaths(report, view.now, read);
    addObservations(report, view.now, read);
    addZones(report, reports, zones);
  }
  yield;
  for (const edge of fetches(view, reports, silent, read)) addEdge(edge, read);
  yield;
  for (const [node, all] of zones) read.zones.set(node, mostFrequent(all));
  for (const { node, zone } of [...view.expected, ...view.reports]) {
    if (zone) read.zones.set(node, zone);
  }
  yield;
  return {
    ...read,
    view,
    nodes,
    reports,
    silent,
    cordoned: new Set(view.cordoned),
    confirmedAlone: CONFIRMED_ALONE[checksIn(read) > MANY_CHECKS ? 'many' : 'few'],
  };
}

function reportsByNode(view: ClusterView, nodes: ReadonlySet<string>): Map<string, Report> {
  const reports = new Map<string, Report>();
  for (const report of view.reports) {
    if (reports.has(report.node)) continue;
    const isCurrent = view.podListError === null;
    reports.set(report.node, isCurrent ? withoutOthers(report, nodes) : report);
  }
  return reports;
}

/**
 * Drops checks of nodes without a pod: the pod is being removed, so that not reaching it is no
 * fault, or the node is made up.
 */
function withoutOthers(report: Report, nodes: ReadonlySet<string>): Report {
  const isKnown = ({ node }: CheckReport) => node === undefined || nodes.has(node);
  return report.checks.every(isKnown)
    ? report
    : { ...report, checks: report.checks.filter(isKnown) };
}

/** Adds the report's zones for nodes that do not report. */
function addZones(
  { checks }: Report,
  reports: ReadonlyMap<string, Report>,
  zones: Map<string, string[]>,
): void {
  for (const { kind, node, zone = '' } of checks) {
    if (kind === 'path' && node && !reports.has(node)) append(zones, node, zone);
  }
}

function mostFrequent(all: readonly string[]): string {
  const [first] = [...Map.groupBy(all, (each) => each)].sort(([, a], [, b]) => b.length - a.length);
  return first?.[0] ?? '';
}

function checksIn({ paths, components }: Read): number {
  return components.values().reduce((sum, all) => sum + all.length, paths.length);
}

/** By the collector's clock: the age of the state is right even if the pod's clock is wrong. */
function sinceOf({ since }: CheckReport, report: Report, now: number): number | null {
  return since === null ? null : atCollector(since, report, now);
}

/** Converts a time by the pod's clock to the collecting pod's. */
export function atCollector(podTime: number, { reportedAt }: Report, now: number): number {
  return now - Math.max(0, reportedAt - podTime);
}

// Tens of thousands in a large cluster: loops take a third of the time of nested lists.
function addPaths(report: Report, now: number, read: Read): void {
  const { node: from, checks } = report;
  for (const check of checks) {
    const { kind, node: to = from, suspect } = check;
    if (kind !== 'path' || to === from) continue;
    const edge = edgeOf(from, to, check, report, now);
    if (suspect) {
      read.suspects.push({ from, to, check });
      if (edge?.up === false) read.failingSuspects.push(edge);
      continue;
    }
    read.paths.push({ from, to, check });
    if (edge !== undefined) addEdge(edge, read);
    else read.unconfirmed.set(to, (read.unconfirmed.get(to) ?? 0) + 1);
  }
}

function addEdge(edge: Edge, { edges, failing, from, to }: Read): void {
  edges.push(edge);
  if (!edge.up) failing.push(edge);
  append(from, edge.from, edge);
  append(to, edge.to, edge);
}

/** Undefined if it is not known whether the path works. */
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

/** Fetching a report is a check, too, unless the collector checks that node anyway. */
function fetches(
  { collector }: ClusterView,
  reports: ReadonlyMap<string, Report>,
  silent: ReadonlyMap<string, SilentPod>,
  read: Read,
): Edge[] {
  const from = collector.node;
  const checked = new Set((read.from.get(from) ?? []).map(({ to }) => to));
  checked.add(from);
  const unknown = { from, since: null, consecutive: 0 };
  return [
    ...[...reports.keys()].map((to): Edge => ({ ...unknown, to, up: true, cause: null })),
    ...[...silent.values()]
      .filter(({ cause }) => cause !== null)
      .map(({ node, cause }): Edge => ({ ...unknown, to: node, up: cause === 'status', cause })),
  ].filter(({ to }) => !checked.has(to));
}

/**
 * Whether a UDP check shows what the TCP check does not: not if the latter fails, too, or has not
 * succeeded since. If the port is closed, the pod does not reflect packets, which is not the
 * network's fault.
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

function addObservations(report: Report, now: number, { components, udp }: Read): void {
  for (const check of report.checks) {
    if (check.state === 'pending' || check.kind === 'path') continue;
    if (check.kind === 'udp' && !isByUdpAlone(check, report)) continue;
    const up = stateOf(check);
    const lastAt = typeof check.lastAt === 'number' ? atCollector(check.lastAt, report, now) : now;
    const observation = {
      ...{ node: report.node, check, up, isUndecided: up === undefined },
      ...{ since: sinceOf(check, report, now), lastAt },
    };
    append(check.kind === 'udp' ? udp : components, check.type, observation);
  }
}
