import { type Edge, type Evidence, type Observation, type PathCheck, stateOf } from './evidence.ts';
import type { CheckReport, ClusterView, Report, SilentPod } from './report.ts';
import { append, MANY, type Steps, stepsOf } from './steps.ts';

/**
 * Failures in a row from which on a check is believed that no other check confirms: one more among so many checks that three
 * by chance would be seen. At 0.2% of random failures, a view of 1,000 checks has three in a row with a probability of 1 in
 * 125,000, one of 10,000 checks with 1 in 12,500, and four in a row with 1 in 6 million.
 */
const CONFIRMED_ALONE = { few: 3, many: 4 };
const MANY_CHECKS = 1_000;

/** What is read, one report after another: with thousands of pods, to group all of it afterwards takes long. */
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

/** Puts the view in order. */
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

/** Without checks of nodes that have no pod: it is being removed, and that it is not reached is no fault; or it is invented. */
function withoutOthers(report: Report, nodes: ReadonlySet<string>): Report {
  const isKnown = ({ node }: CheckReport) => node === undefined || nodes.has(node);
  return report.checks.every(isKnown)
    ? report
    : { ...report, checks: report.checks.filter(isKnown) };
}

/** What the report says of the zones of nodes that do not report. */
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

/** By the collector's clock: the age of the state is right even where the pod's clock is not. */
function sinceOf({ since }: CheckReport, report: Report, now: number): number | null {
  return since === null ? null : atCollector(since, report, now);
}

/** A time by the pod's clock, by the collecting pod's. */
export function atCollector(podTime: number, { reportedAt }: Report, now: number): number {
  return now - Math.max(0, reportedAt - podTime);
}

// Tens of thousands in a large cluster: loops take a third of the time of lists of lists.
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

/** To fetch a report is a check, too, where the collector does not check that node anyway. */
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
