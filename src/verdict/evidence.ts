import type { Cause } from '../model.ts';
import type { CheckReport, ClusterView, Report, SilentPod } from './report.ts';

/** Failures in a row from which on a check counts as failing: one lost check is none. */
export const CONFIRMED = 2;

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
  failing: readonly Edge[];
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

/** Whether the check is ok or has failed often enough; undefined between the two, and before the first result. */
export function stateOf({ state, consecutive }: CheckReport): boolean | undefined {
  if (state === 'ok') return true;
  return state === 'failing' && consecutive >= CONFIRMED ? false : undefined;
}

/** Whether the report has a check of a fixed neighbour that succeeds: its pod reaches others. */
export function reachesNeighbours({ checks }: Report): boolean {
  return checks.some(({ kind, state, suspect }) => kind === 'path' && state === 'ok' && !suspect);
}

/** Whether the check is not known to fail: one lost check does not change how fast the others were. */
export function mayWork(check: CheckReport): boolean {
  return stateOf(check) !== false;
}
