import type { Cause, CertificateExpiry } from '../model.ts';

/** The checks whose target is the same for every pod. */
export type Component = 'api_server_direct' | 'api_server_dns' | 'me_ingress' | 'me_service';

/**
 * The last minute of one check. Medians are of successful checks, in seconds; null without any.
 * Segments are TCP segments as counted by the kernel, without those of failed checks and of the
 * first success after one: what the kernel retransmits in an outage is not packet loss.
 */
export type LastMinute = Readonly<{
  checks: number;
  failures: number;
  medianSeconds: number | null;
  /** Median round-trip time of the TCP handshake; null if the kernel reported none. */
  rttSeconds: number | null;
  segmentsSent: number;
  segmentsRetransmitted: number;
}>;

/** One minute: how many checks ended, how many of them failed, the others' median in seconds. */
export type Minute = readonly [checks: number, failures: number, medianSeconds: number | null];

/** The last hour of one check: up to 60 minutes, oldest first. `start`: Unix time of the first. */
export type LastHour = Readonly<{ start: number; minutes: readonly Minute[] }>;

/** What a pod knows about one of its checks. */
export type CheckReport = Readonly<{
  /** The metric label `type`; unique in a report. */
  type: string;
  kind: Component | 'path' | 'udp' | 'name_server' | 'extra';
  /** The neighbour's node; only for a path, over TCP or UDP. */
  node?: string;
  /** The neighbour's zone, empty if it has none; only for a path. */
  zone?: string;
  /**
   * Set for a path that is checked only because a rotating check of it failed. Pods have few of
   * these, out of all others, and none that works stays for long: how many of them fail says
   * nothing about a node.
   */
  suspect?: true;
  /** Whether the target is a host name, so that a DNS server has to resolve it first. */
  byName: boolean;
  /** The last result; `pending` before the first one. */
  state: 'ok' | 'failing' | 'pending';
  /** Unix time, by the pod's clock, of the first result of this state; null while pending. */
  since: number | null;
  /**
   * Unix time, by the pod's clock, of the last result; null while pending. Absent from reports of
   * earlier versions.
   */
  lastAt?: number | null;
  /** How many results in a row had this state. */
  consecutive: number;
  /** The last failure; null unless the check is failing. */
  cause: Cause | null;
  event: string | null;
  text: string | null;
  /** When the server's certificate and the first of all it sent expire, in Unix time; TLS only. */
  certificateNotAfter?: CertificateExpiry;
  lastMinute: LastMinute;
  /** Omitted if memory is short: the verdict does not need it. */
  lastHour?: LastHour;
}>;

/**
 * What one pod knows: the JSON of `/report`. Times are Unix time in seconds, as in the metrics:
 * ages are a subtraction, and a time takes 10 characters. The number of checks bounds the size:
 * about 300 bytes each without the last hour, 1.5 KB with it.
 */
export type Report = Readonly<{
  /** Increases when a field changes its meaning; new fields do not change it. */
  schema: 1;
  pod: string;
  node: string;
  /** Empty if the node has none. */
  zone: string;
  /** The program's version. */
  version: string;
  startedAt: number;
  /** Time of the report by the pod's clock: readers correct the report's other times by it. */
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
 * A pod whose report could not be fetched, and why. `cause`: null if it was not requested because
 * the collection ran out of time.
 */
export type SilentPod = Readonly<{ pod: string; node: string; cause: Cause | null; text: string }>;

/** Everything that a pod knows about the cluster after collecting all reports. */
export type ClusterView = Readonly<{
  /** Unix time, by the collecting pod's clock, at which the reports were fetched. */
  now: number;
  collector: Readonly<{ pod: string; node: string }>;
  expected: readonly ExpectedPod[];
  /**
   * When the list of expected pods was last known to be current; null if there has never been one.
   */
  podListAt: number | null;
  /** Why the list cannot be updated; null if it is current. */
  podListError: string | null;
  /** Names of the nodes that are cordoned: their pods are not checked by others. */
  cordoned: readonly string[];
  reports: readonly Report[];
  silent: readonly SilentPod[];
}>;
