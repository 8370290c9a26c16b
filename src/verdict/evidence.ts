import type { Cause } from '../model.ts';
import type { CheckReport, ClusterView, Report, SilentPod } from './report.ts';

/** How many failures in a row make a check count as failing: a single lost check does not. */
export const CONFIRMED = 2;

/** What is known of the connections from one node to another. */
export type Edge = Readonly<{
  from: string;
  to: string;
  up: boolean;
  cause: Cause | null;
  since: number | null;
  /** Results in a row; 0 if the only attempt was to fetch the report. */
  consecutive: number;
  /** Undefined if the only attempt was to fetch the report. */
  check?: CheckReport;
}>;

/** One node's check of another, whatever its result. */
export type PathCheck = Readonly<{ from: string; to: string; check: CheckReport }>;

/** A node's check of a component, which most pods check. */
export type Observation = Readonly<{
  node: string;
  check: CheckReport;
  /** Undefined if not known, or if a finding explains the failure. */
  up: boolean | undefined;
  /** Whether `up` is undefined until the next results decide: a failure is not confirmed yet. */
  isUndecided: boolean;
  since: number | null;
  /** Time of the last result; that of the collection if the report lacks it. */
  lastAt: number;
}>;

/** A view, by node. One pod per node: of two, the first listed. */
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
  /** Paths known to work or to fail, and attempts to fetch reports. */
  edges: readonly Edge[];
  failing: readonly Edge[];
  from: ReadonlyMap<string, readonly Edge[]>;
  to: ReadonlyMap<string, readonly Edge[]>;
  /**
   * Paths beyond the fixed neighbours, and those of them that fail: evidence of themselves only,
   * and in no other list.
   */
  suspects: readonly PathCheck[];
  failingSuspects: readonly Edge[];
  /** How many failures in a row count without another check to confirm them. */
  confirmedAlone: number;
  /** How many checks of a node neither work nor fail often enough to be an edge. */
  unconfirmed: ReadonlyMap<string, number>;
  /** By check `type`. */
  components: ReadonlyMap<string, readonly Observation[]>;
  /** UDP checks of nodes that are reached over TCP, by check `type`. */
  udp: ReadonlyMap<string, readonly Observation[]>;
}>;

/** True if ok, false if failing often enough; undefined in between, and before the first result. */
export function stateOf({ state, consecutive }: CheckReport): boolean | undefined {
  if (state === 'ok') return true;
  return state === 'failing' && consecutive >= CONFIRMED ? false : undefined;
}

/** Whether the report has a successful check of a fixed neighbour: its pod reaches others. */
export function reachesNeighbours({ checks }: Report): boolean {
  return checks.some(({ kind, state, suspect }) => kind === 'path' && state === 'ok' && !suspect);
}

/** Whether the check is not known to fail: one lost check does not change the others' latency. */
export function mayWork(check: CheckReport): boolean {
  return stateOf(check) !== false;
}
