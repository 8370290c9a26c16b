import type { Evidence, PathCheck } from '../../verdict/evidence.ts';
import type { Finding } from '../../verdict/finding.ts';
import { evidenceSteps } from '../../verdict/read-evidence.ts';
import type { CheckReport, ClusterView, Report, SilentPod } from '../../verdict/report.ts';
import { groupSteps, MANY, mapSteps, type Steps } from '../../verdict/steps.ts';
import { byName } from '../../verdict/words.ts';
import { accusedNodes, doubtfulPaths } from './accused.ts';
import { type State, stateOf } from './states.ts';

/** One check of a node by another. `since`: by the collecting pod's clock. */
export type Path = Readonly<{
  from: string;
  to: string;
  check: CheckReport;
  state: State;
  since: number | null;
}>;

/** All that is known about one node. */
export type NodeOverview = Readonly<{
  name: string;
  zone: string;
  state: State;
  report: Report | undefined;
  silent: SilentPod | undefined;
  isCordoned: boolean;
  /** Its checks of other nodes, and their checks of it. */
  from: readonly Path[];
  to: readonly Path[];
  /** Paths from it and to it beyond the fixed neighbours. */
  suspects: readonly Path[];
}>;

/** The cluster in the order of the page: by zone, then by name. */
export type Overview = Readonly<{
  view: ClusterView;
  findings: readonly Finding[];
  evidence: Evidence;
  nodes: readonly NodeOverview[];
  byName: ReadonlyMap<string, NodeOverview>;
  /** Nodes by zone; those without one have the zone ''. */
  zones: readonly (readonly [zone: string, nodes: readonly NodeOverview[]])[];
}>;

/**
 * Arranges the view in the order of the page. A node's state follows from the findings, so
 * the two never differ.
 */
export function* overviewSteps(view: ClusterView, findings: readonly Finding[]): Steps<Overview> {
  const evidence = yield* evidenceSteps(view);
  const isDoubtful = doubtfulPaths(findings);
  const paths = yield* pathsOf(evidence.paths, evidence, isDoubtful);
  const suspects = yield* pathsOf(evidence.suspects, evidence, isDoubtful);
  const from = yield* groupSteps(paths, (path) => path.from);
  const to = yield* groupSteps(paths, (path) => path.to);
  const suspectsFrom = yield* groupSteps(suspects, (path) => path.from);
  const suspectsTo = yield* groupSteps(suspects, (path) => path.to);
  const accused = yield* accusedNodes(findings);
  const names = new Set([...evidence.nodes, ...evidence.silent.keys(), ...to.keys()]);
  const unsorted = yield* mapSteps(
    names,
    (name): NodeOverview => {
      const report = evidence.reports.get(name);
      return {
        name,
        zone: evidence.zones.get(name) ?? '',
        state: accused.get(name) ?? (report === undefined ? 'unknown' : 'ok'),
        report,
        silent: evidence.silent.get(name),
        isCordoned: evidence.cordoned.has(name),
        from: from.get(name) ?? [],
        to: to.get(name) ?? [],
        suspects: [...(suspectsFrom.get(name) ?? []), ...(suspectsTo.get(name) ?? [])],
      };
    },
    MANY,
  );
  const zones: [zone: string, nodes: NodeOverview[]][] = [];
  for (const [zone, members] of Map.groupBy(unsorted, ({ zone }) => zone)) {
    yield;
    zones.push([zone, members.sort((a, b) => byName(a.name, b.name))]);
  }
  zones.sort(([a], [b]) => byName(a, b));
  const nodes = zones.flatMap(([, members]) => members);
  return {
    view,
    findings,
    evidence,
    nodes,
    byName: new Map(nodes.map((node) => [node.name, node])),
    zones,
  };
}

/** The paths beyond the fixed neighbours that this node checks. */
export function ownSuspects({ name, suspects }: NodeOverview): Path[] {
  return suspects.filter(({ from }) => from === name);
}

function pathsOf(
  paths: readonly PathCheck[],
  { reports, view }: Evidence,
  isDoubtful: (from: string, to: string) => boolean,
): Steps<Path[]> {
  const pathOf = ({ from, to, check }: PathCheck): Path => {
    const state = stateOf(check);
    return {
      from,
      to,
      check,
      state: state === 'ok' && isDoubtful(from, to) ? 'warn' : state,
      since: sinceOf(check, reports.get(from), view.now),
    };
  };
  return mapSteps(paths, pathOf, MANY);
}

/** By the collecting pod's clock: the age of a state is right even if the pod's clock is not. */
export function sinceOf(
  { since }: CheckReport,
  report: Report | undefined,
  now: number,
): number | null {
  return since === null || report === undefined ? null : now - (report.reportedAt - since);
}
