/** Seconds from an attempt's start to each event that it reached, by the metric label `event`. */
export type Timings = Readonly<Record<string, number>>;

/** A kubenurse pod on another node, as `/alive` shows it. */
export type Neighbour = Readonly<{
  podName: string;
  namespace: string;
  podIP: string;
  hostIP: string;
  nodeName: string;
  phase: string;
  /**
   * The label `topology.kubernetes.io/zone` of the pod (Kubernetes 1.35 sets it) or of its node.
   * Empty if neither has it, undefined until that is known.
   */
  zone: string | undefined;
}>;

/** The target of a check. */
export type Target = Readonly<{ url: URL; neighbour?: Neighbour }>;

/** Why an attempt failed (the metric label `cause`, the contract). */
export type Cause = (typeof CAUSES)[number];

export const CAUSES = [
  'unreachable',
  'refused',
  'packets_lost',
  'mtu',
  'hung',
  'reset',
  'dns',
  'tls',
  'status',
  'other',
] as const;

/** What the kernel counted for the connections of one attempt. */
export type TcpCounts = Readonly<{
  /**
   * Round trip of the last connection's TCP handshake in seconds; undefined if a SYN was repeated,
   * or none sent.
   */
  handshakeRtt: number | undefined;
  segmentsSent: number;
  segmentsRetransmitted: number;
}>;

/**
 * Where packets were lost: on the way to the target, on the way back, or either (RFC 8762, section
 * 4.3).
 */
export const DIRECTIONS = ['forward', 'backward', 'unknown'] as const;

export type Direction = (typeof DIRECTIONS)[number];

/** Counts of the UDP packets of one attempt. */
export type UdpCounts = Readonly<{
  sent: number;
  /** Packets without a reply. */
  lost: Readonly<Record<Direction, number>>;
  duplicated: number;
  reordered: number;
  /** Round trips in seconds, excluding the time spent in the target. */
  rtts: readonly number[];
  /**
   * Mean difference between consecutive round trips in seconds; undefined without two for packets
   * of the same length.
   */
  jitter: number | undefined;
}>;

/**
 * When a server's own certificate expires, and the earliest expiry of all that it sent, in Unix
 * seconds.
 */
export type CertificateExpiry = Readonly<{ leaf: number; earliest: number }>;

/** The range of these times: years have four digits (RFC 5280, 4.1.2.5). */
export const MIN_EXPIRY = Date.parse('0000-01-01') / 1000;
export const MAX_EXPIRY = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/**
 * The result of one attempt. A failure is a value; a throw is a bug. `code`: the metric label
 * `code` of the response, and `duration`: the time until it was received, in seconds; both
 * undefined if there was none. `event`: the metric label of a failure. `tcp`: undefined if the
 * kernel does not provide it. `udp`: only for a UDP check whose packets were not rejected.
 */
export type Outcome = Readonly<
  {
    timings: Timings;
    tcp?: TcpCounts | undefined;
    udp?: UdpCounts | undefined;
    /** Undefined if the attempt received no certificate. */
    certificates?: CertificateExpiry | undefined;
  } & (
    | { kind: 'ok'; code: string; duration: number }
    | {
        kind: 'failed';
        event: string;
        cause: Cause;
        error: Error;
        code?: string;
        duration?: number;
      }
  )
>;

/**
 * Ends a wait. Every `AbortSignal` is one; those of `deadline()` take less time and memory. A
 * listener is called once.
 */
export type Signal = Pick<AbortSignal, 'aborted' | 'reason' | 'throwIfAborted'> &
  Readonly<{
    addEventListener: (type: 'abort', listener: () => void, options?: { once: true }) => void;
    removeEventListener: (type: 'abort', listener: () => void) => void;
  }>;

/** Tries one target once. Obeys the signal; never rejects. */
export type Probe = (target: Target, signal: Signal) => Promise<Outcome>;

/** What is known about a check before its first attempt, from its kind. */
export type Traits = Readonly<{
  /** Whether a DNS server has to resolve a name first. */
  byName: boolean;
  /** Error events to expect. The series of others begin with their first occurrence. */
  errorEvents: readonly string[];
  causes: readonly Cause[];
  /** The code of a success. */
  code: string;
  /** How long the next check of a round waits for this one, in milliseconds. */
  pacing: number;
  /** Whether it sends UDP packets, which are counted, instead of a request. */
  countsPackets: boolean;
}>;

/** A check that is run repeatedly. */
export type Check = Traits &
  Readonly<{
    /** What is checked: unique among the checks of a pod. */
    key: string;
    /** The metric label `type`. */
    type: string;
    target: Target;
    probe: Probe;
    /**
     * Undefined for a check with the same target in every round. `rotating`: the target differs in
     * each round, so its results form no streak. `suspect`: for a node that a rotating check did
     * not reach, until it has been ok for some time.
     */
    role?: 'rotating' | 'suspect';
    /**
     * Called after an attempt that began at `since` (milliseconds of `performance.now()`) has
     * failed. Resolves with whether the failure says nothing about the path, because the target is
     * gone or cannot be there yet. Never rejects.
     */
    isFalseAlarm?: (since: number) => Promise<boolean>;
  }>;

/** Consecutive results of a check, all of them successes or all failures. */
export type Streak = {
  /** When the first and the last were recorded, in milliseconds of `performance.now()`. */
  readonly since: number;
  lastAt: number;
  results: number;
  /** The last of them. */
  outcome: Outcome;
};

/** The result of a check. `outage`: the failures that it belongs to or, if a success, ends. */
export type Result = Readonly<{ check: Check; outcome: Outcome; outage?: Streak | undefined }>;

/** Called when a check is added, with each of its results, and when it is removed. */
export type Recorder = Readonly<{
  added?: (check: Check) => void;
  record: (result: Result) => void;
  /** `outage`: its failures, if it was failing. */
  removed?: (check: Check, outage?: Streak) => void;
}>;

/** The metric label `event` of a failed outcome; `undefined` when it is ok. */
export function errorEvent(outcome: Outcome): string | undefined {
  return outcome.kind === 'ok' ? undefined : outcome.event;
}

/** Why the attempt failed; `undefined` when it did not. */
export function failureCause(outcome: Outcome): Cause | undefined {
  return outcome.kind === 'ok' ? undefined : outcome.cause;
}

/** An outcome as `/alive` and the log show it: `ok`, or the error's text. */
export function resultText(outcome: Outcome): string {
  return outcome.kind === 'ok' ? 'ok' : outcome.error.message;
}
