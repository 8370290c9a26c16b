/** The steps of a request, in order. The step that failed names the error event. */
export type Phase = 'resolve' | 'connect' | 'handshake' | 'request' | 'response';

/** A moment of a request, by the name it has in the metric label `event` (the contract). */
export type TraceEvent =
  | 'dns_start'
  | 'dns_done'
  | 'connect_start'
  | 'connect_done'
  | 'tls_handshake_start'
  | 'tls_handshake_done'
  | 'got_conn'
  | 'wrote_request'
  | 'got_first_resp_byte';

/** Seconds from the request's start to each moment that it reached. After a redirect, those of the last request. */
export type Timings = Readonly<Partial<Record<TraceEvent, number>>>;

/** A kubenurse pod on another node, as `/alive` shows it. */
export type Neighbour = Readonly<{
  podName: string;
  podIP: string;
  hostIP: string;
  nodeName: string;
  phase: string;
  /**
   * As the label `topology.kubernetes.io/zone` of the pod (Kubernetes 1.35 sets it) or its node has it: empty where
   * neither does, undefined until that is known.
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
  /** Round trip of the TCP handshake of the last connection in seconds; undefined where a SYN was repeated, or none sent. */
  handshakeRtt: number | undefined;
  segmentsSent: number;
  segmentsRetransmitted: number;
}>;

/**
 * The result of one attempt. A failure is a value; a throw is a bug. `duration`: time until the head of the response was
 * received, in seconds. `tcp`: undefined if the kernel does not provide it.
 */
export type Outcome = Readonly<
  { timings: Timings; tcp?: TcpCounts | undefined } & (
    | { kind: 'ok'; status: number; duration: number }
    | { kind: 'unexpected-status'; status: number; reason: string; duration: number }
    | { kind: 'failed'; phase: Phase; cause: Cause; error: Error }
  )
>;

/** Tries one target once. Obeys the signal; never rejects. */
export type Probe = (target: Target, signal: AbortSignal) => Promise<Outcome>;

/** A check that is run repeatedly. */
export type Check = Readonly<{
  /** The metric label `type`. */
  type: string;
  target: Target;
  probe: Probe;
  /** The response statuses, beside 200, that a target of this kind is known to give. */
  knownStatuses: readonly number[];
  /**
   * Called after an attempt that began at `since` (milliseconds of `performance.now()`) has failed: whether the failure
   * says nothing about the path, because the target is gone or cannot be there yet. Never rejects.
   */
  isFalseAlarm?: (since: number) => Promise<boolean>;
}>;

/** Results of a check in a row, all of them successes or all failures. */
export type Streak = {
  /** When the first and the last were recorded, in milliseconds of `performance.now()`. */
  readonly since: number;
  lastAt: number;
  results: number;
  /** The last of them. */
  outcome: Outcome;
};

/** The result of a check. `outage`: the failures that it belongs to, or, where it is a success, those that it ends. */
export type Result = Readonly<{ check: Check; outcome: Outcome; outage?: Streak | undefined }>;

/** Is called when a check is added, with each of its results, and when it is removed. */
export type Recorder = Readonly<{
  added?: (check: Check) => void;
  record: (result: Result) => void;
  /** `outage`: where it was failing. */
  removed?: (check: Check, outage?: Streak) => void;
}>;

const ERROR_EVENTS: Readonly<Record<Phase, string>> = {
  resolve: 'dns_done',
  connect: 'connect_done',
  handshake: 'tls_handshake_done',
  request: 'wrote_request',
  response: 'round_trip_error',
};

/** The metric label `event` of a failed outcome; `undefined` when it is ok (the contract). */
export function errorEvent(outcome: Outcome): string | undefined {
  if (outcome.kind === 'ok') return undefined;
  if (outcome.kind === 'unexpected-status') return `status_code_${outcome.status}`;
  return ERROR_EVENTS[outcome.phase];
}

/** Why the attempt failed; `undefined` when it did not. */
export function failureCause(outcome: Outcome): Cause | undefined {
  if (outcome.kind === 'ok') return undefined;
  return outcome.kind === 'failed' ? outcome.cause : 'status';
}

/** Every cause that a failure of the check can have. */
export function possibleCauses({ target: { url } }: Check): Cause[] {
  const impossible = new Set<Cause>([
    ...(isAddress(url) ? (['dns'] as const) : []),
    ...(url.protocol === 'https:' ? [] : (['tls'] as const)),
  ]);
  return CAUSES.filter((cause) => !impossible.has(cause));
}

/** Whether the host is an IP address, so that no name has to be resolved. */
export function isAddress({ hostname }: URL): boolean {
  return /^[\d.]+$|^\[/.test(hostname);
}

/** Every error event that a check can have before it has been seen to have it. */
export function possibleErrorEvents({ target, knownStatuses }: Check): string[] {
  const { protocol } = target.url;
  return [
    ...(isAddress(target.url) ? [] : [ERROR_EVENTS.resolve]),
    ERROR_EVENTS.connect,
    ...(protocol === 'https:' ? [ERROR_EVENTS.handshake] : []),
    ERROR_EVENTS.request,
    ERROR_EVENTS.response,
    ...knownStatuses.map((status) => `status_code_${status}`),
  ];
}

/** An outcome as `/alive` and the log show it: `ok`, a status line, or the error's text. */
export function resultText(outcome: Outcome): string {
  if (outcome.kind === 'ok') return 'ok';
  if (outcome.kind === 'failed') return outcome.error.message;
  return `${outcome.status} ${outcome.reason}`.trim();
}
