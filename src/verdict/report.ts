import type { Cause, CertificateExpiry } from '../model.ts';

/** The checks whose target is the same for every pod. */
export type Component = 'api_server_direct' | 'api_server_dns' | 'me_ingress' | 'me_service';

/**
 * The last minute of one check. A median is that of the successful checks, in seconds; null without any. Segments are
 * those of TCP, by the kernel, without failed checks and the first success after one: what an outage makes the kernel send
 * again is no packet loss.
 */
export type LastMinute = Readonly<{
  checks: number;
  failures: number;
  medianSeconds: number | null;
  /** Median round-trip time of the TCP handshake; null where the kernel reported none. */
  rttSeconds: number | null;
  segmentsSent: number;
  segmentsRetransmitted: number;
}>;

/** One minute: how many checks ended, how many of them failed, the median of the others in seconds. */
export type Minute = readonly [checks: number, failures: number, medianSeconds: number | null];

/** The last hour of one check: at most 60 minutes, oldest first. `start`: Unix time at which the first one begins. */
export type LastHour = Readonly<{ start: number; minutes: readonly Minute[] }>;

/** What a pod knows of one of its checks. */
export type CheckReport = Readonly<{
  /** The metric label `type`; unique in a report. */
  type: string;
  kind: Component | 'path' | 'udp' | 'name_server' | 'extra';
  /** The neighbour's node; only of a path, over TCP or UDP. */
  node?: string;
  /** The neighbour's zone, empty where it has none; only of a path. */
  zone?: string;
  /**
   * Set of a path that is checked only because a rotating check of it failed. Pods have few of these, of all others, and no
   * path that works is among them for long: how many of them fail says nothing about a node.
   */
  suspect?: true;
  /** Whether the target is a host name, so that a DNS server has to resolve it first. */
  byName: boolean;
  /** The last result; `pending` before the first one. */
  state: 'ok' | 'failing' | 'pending';
  /** Unix time, by the pod's clock, of the first result of this state; null while pending. */
  since: number | null;
  /** Unix time, by the pod's clock, of the last result; null while pending. Absent from reports of earlier versions. */
  lastAt?: number | null;
  /** How many results of this state there have been in a row. */
  consecutive: number;
  /** The last failure; null unless the check is failing. */
  cause: Cause | null;
  event: string | null;
  text: string | null;
  /** When the server's certificate and the first of those that it sent expire, in Unix time; only of TLS. */
  certificateNotAfter?: CertificateExpiry;
  lastMinute: LastMinute;
  /** Left out where memory is short: the verdict does not need it. */
  lastHour?: LastHour;
}>;

/**
 * What one pod knows: the JSON of `/report`. Times are Unix time in seconds, as in the metrics: ages are a subtraction,
 * and a time costs 10 characters. The size is bounded by the number of checks: about 300 bytes each without the last
 * hour, 1.5 KB with it.
 */
export type Report = Readonly<{
  /** Grows when a field changes its meaning; new fields do not change it. */
  schema: 1;
  pod: string;
  node: string;
  /** Empty where the node has none. */
  zone: string;
  /** The program's version. */
  version: string;
  startedAt: number;
  /** When the report was made, by the pod's clock: readers correct the other times of the report by it. */
  reportedAt: number;
  checkIntervalSeconds: number;
  checks: readonly CheckReport[];
  /** Mean delay of the event loop over the last minute, in seconds. */
  eventLoopDelaySeconds: number;
  neighbourhood: Readonly<{
    /** `ok`, or why the list of neighbours cannot be updated. */
    state: string;
    /** When the list of pods was last known to be current; null before the first one. */
    listedAt: number | null;
  }>;
}>;

/** A pod that should report. */
export type ExpectedPod = Readonly<{ pod: string; node: string; zone: string }>;

/**
 * A pod whose report could not be fetched, and why. `cause`: null where it was not requested, because the time for the
 * collection was over.
 */
export type SilentPod = Readonly<{ pod: string; node: string; cause: Cause | null; text: string }>;

/** Everything that a pod knows of the cluster after it has collected all reports. */
export type ClusterView = Readonly<{
  /** Unix time, by the collecting pod's clock, at which the reports were fetched. */
  now: number;
  collector: Readonly<{ pod: string; node: string }>;
  expected: readonly ExpectedPod[];
  /** When the list of expected pods was last known to be current; null if there has never been one. */
  podListAt: number | null;
  /** Why the list cannot be updated; null if it is current. */
  podListError: string | null;
  /** Names of the nodes that are cordoned: their pods are not checked by others. */
  cordoned: readonly string[];
  reports: readonly Report[];
  silent: readonly SilentPod[];
}>;
