import type { Cause } from '../model.ts';
import type { Component } from './report.ts';

/** What can be wrong, in the order in which findings are listed. */
export const KINDS = [
  'cut_off',
  'mostly_silent',
  'split',
  'node_unreachable',
  'node_reaches_nobody',
  'dns',
  'api_server',
  'api_server_by_name',
  'service',
  'ingress',
  'name_server',
  'extra',
  'mtu',
  'loss',
  'path',
  'starved',
  'slow',
  'unclear',
  'silent',
  'pod_list_stale',
] as const;

export type Kind = (typeof KINDS)[number];

/** Where a component fails. */
export type Scope =
  | Readonly<{ in: 'cluster' }>
  | Readonly<{ in: 'zones'; zones: readonly string[] }>
  | Readonly<{ in: 'nodes'; nodes: readonly string[] }>;

/** Nodes that reach each other, and their zones: none if zones do not explain the split. */
export type Side = Readonly<{ nodes: readonly string[]; zones: readonly string[] }>;

/** What is at fault. */
export type Subject =
  | Readonly<{ type: 'view' }>
  | Readonly<{ type: 'nodes'; nodes: readonly string[] }>
  /** `direction`: of the affected connections, as seen from the node. */
  | Readonly<{ type: 'node'; node: string; direction: 'from' | 'to' | 'both' }>
  | Readonly<{ type: 'path'; from: string; to: string; bothWays: boolean }>
  | Readonly<{ type: 'paths'; paths: readonly (readonly [from: string, to: string])[] }>
  /** `component`: `dns`, a component, or the check type of a name server or of an extra check. */
  | Readonly<{ type: 'component'; component: Component | (string & {}); scope: Scope }>
  /** The first side does not reach the second; `bothWays`: nor the second the first. */
  | Readonly<{ type: 'sides'; sides: readonly [Side, Side]; bothWays: boolean }>;

/** `critical`: users notice. `warning`: something is degraded. `info`: something is not visible. */
export type Severity = 'critical' | 'warning' | 'info';

/** A failure that the finding explains: the check `type` as seen from a node. */
export type Victim = Readonly<{ node: string; type: string }>;

/** One thing that is wrong, worded for a reader at three in the morning. */
export type Finding = Readonly<{
  kind: Kind;
  severity: Severity;
  subject: Subject;
  /** The cause of most failures; null if nothing has failed. */
  cause: Cause | null;
  /** Unix time of the first failure, by the collecting pod's clock; null if not known. */
  since: number | null;
  /** `of`: credible pods that check the subject; `agree`: those that see the fault. */
  witnesses: Readonly<{ agree: number; of: number }>;
  /** One sentence. */
  headline: string;
  /** Further sentences: the evidence, possible explanations, what cannot be determined. */
  details: readonly string[];
  /** What still works; empty if that is not known or does not matter. */
  notAffected: string;
  /** The name of a file in `docs/runbooks/`. */
  runbook: string;
  /** Failures that this finding explains, at most 100 of them. */
  victims: readonly Victim[];
  /** How many failures it explains. */
  victimCount: number;
}>;
