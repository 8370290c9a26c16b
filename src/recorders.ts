import type { Attributes, Counter } from '@opentelemetry/api';
import type { Metrics } from './metrics.ts';
import {
  type CertificateExpiry,
  type Check,
  DIRECTIONS,
  errorEvent,
  failureCause,
  type Outcome,
  type Recorder,
  type Result,
  resultText,
  type Streak,
  type TcpCounts,
  type UdpCounts,
} from './model.ts';
import { NamedStatuses } from './named-statuses.ts';
import { RecordedValues } from './recorded-values.ts';
import { inSeconds } from './seconds.ts';

/** The value of the label `code` if no response was received (the contract). */
const NO_RESPONSE = 'round_trip_error';

const NOTHING_SENT: UdpCounts = {
  sent: 0,
  lost: { forward: 0, backward: 0, unknown: 0 },
  duplicated: 0,
  reordered: 0,
  rtts: [],
  jitter: undefined,
};

/** Records results as metrics. The series of a check exist, at 0, as soon as the check is added. */
export function metricsRecorder(metrics: Metrics): Recorder {
  const last = new RecordedValues();
  const statuses = new NamedStatuses();
  /** Adds to a counter that rarely changes; adds 0 only so that its series exists. */
  const count = (
    counter: Counter,
    series: string,
    added: number,
    attributes: Attributes & { type: string },
  ) => {
    if (added > 0 || last.isDue(attributes.type, series, 0)) counter.add(added, attributes);
  };
  const describe = ({ type, role, target: { neighbour } }: Check) => {
    const isSuspect = role === 'suspect';
    if (last.isDue(type, 'suspect', isSuspect) && isSuspect) {
      metrics.neighbourSuspect.record(1, { type });
    }
    if (neighbour === undefined || role === 'rotating') return;
    const { nodeName, podName, podIP, zone } = neighbour;
    // Only once it is complete: backends show a replaced series for minutes.
    if (!last.isDue(type, 'neighbour', neighbour) || zone === undefined) return;
    metrics.neighbourInfo.record(1, { type, node: nodeName, pod: podName, pod_ip: podIP, zone });
  };
  const recordTcp = (type: string, tcp: TcpCounts) => {
    if (tcp.handshakeRtt !== undefined) metrics.tcpRtt.record(tcp.handshakeRtt, { type });
    metrics.tcpSegmentsSent.add(tcp.segmentsSent, { type });
    count(metrics.tcpSegmentsRetransmitted, 'retransmitted', tcp.segmentsRetransmitted, { type });
  };
  const recordUdp = (type: string, udp: UdpCounts) => {
    metrics.udpPacketsSent.add(udp.sent, { type });
    for (const direction of DIRECTIONS) {
      count(metrics.udpPacketsLost, direction, udp.lost[direction], { type, direction });
    }
    count(metrics.udpPacketsDuplicated, 'duplicated', udp.duplicated, { type });
    count(metrics.udpPacketsReordered, 'reordered', udp.reordered, { type });
    for (const rtt of udp.rtts) metrics.udpRtt.record(rtt, { type });
    if (udp.jitter !== undefined) metrics.udpJitter.record(udp.jitter, { type });
  };
  const recordCertificates = (type: string, expiry: CertificateExpiry) => {
    for (const [certificate, seconds] of Object.entries(expiry)) {
      if (!last.isDue(type, certificate, seconds)) continue;
      metrics.certificateNotAfter.record(seconds, { type, certificate });
    }
  };
  const recordSuccess = ({ type, role }: Check, outcome: Outcome) => {
    const event = errorEvent(outcome);
    if (event !== undefined) metrics.errors.add(1, { type, event });
    const cause = failureCause(outcome);
    if (cause !== undefined) metrics.checkFailures.add(1, { type, cause });
    const success = cause === undefined ? 1 : 0;
    // A rotating check has a different neighbour in each round: its last result says little.
    if (role === 'rotating' || !last.isDue(type, 'success', success)) return;
    metrics.checkSuccess.record(success, { type });
  };
  const recordRequest = (type: string, outcome: Outcome) => {
    for (const [event, seconds] of Object.entries(outcome.timings)) {
      metrics.httpTraceDuration.record(seconds, { type, event });
    }
    metrics.httpRequests.add(1, { type, code: outcome.code ?? NO_RESPONSE });
    if (outcome.duration === undefined) return;
    metrics.requestDuration.record(outcome.duration, { type });
    metrics.httpRequestDuration.record(outcome.duration, { type });
  };
  return {
    added: (check) => {
      const { type } = check;
      describe(check);
      for (const event of check.errorEvents) metrics.errors.add(0, { type, event });
      for (const cause of check.causes) metrics.checkFailures.add(0, { type, cause });
      if (check.countsPackets) {
        recordUdp(type, NOTHING_SENT);
        return;
      }
      metrics.httpRequests.add(0, { type, code: check.code });
      metrics.httpRequests.add(0, { type, code: NO_RESPONSE });
    },
    record: ({ check, outcome: measured }) => {
      const { type } = check;
      const outcome = statuses.limit(type, measured);
      // With each result, because the pod behind a path may have changed.
      describe(check);
      if (!check.countsPackets) recordRequest(type, outcome);
      recordSuccess(check, outcome);
      if (outcome.tcp !== undefined) recordTcp(type, outcome.tcp);
      if (outcome.certificates !== undefined) recordCertificates(type, outcome.certificates);
      if (outcome.udp !== undefined) recordUdp(type, outcome.udp);
    },
    removed: ({ type }) => {
      last.delete(type);
      statuses.delete(type);
    },
  };
}

/** The part of pino's logger that is used. */
export type Log = Readonly<
  Record<'error' | 'warn' | 'info', (fields: object, message: string) => void>
>;

/** Interval at which a check that is still failing is reported, in milliseconds. */
const REMINDER_INTERVAL_MS = 600_000;

/**
 * Logs when a check starts to fail, every ten minutes while it is failing, and when it recovers or
 * is removed.
 */
export function logRecorder(log: Pick<Log, 'warn' | 'info'>): Recorder {
  const reportedAt = new WeakMap<Streak, number>();
  return {
    record: ({ check: { type }, outcome, outage }) => {
      if (outage === undefined) return;
      if (outcome.kind === 'ok') {
        log.info({ type, ...ended(outage) }, 'check recovered');
        return;
      }
      const now = performance.now();
      const last = reportedAt.get(outage);
      if (last !== undefined && now - last < REMINDER_INTERVAL_MS) return;
      reportedAt.set(outage, now);
      const { results: failures } = outage;
      const fields = { type, ...failureFields(outcome) };
      if (last === undefined) log.warn({ ...fields }, 'check failed');
      else log.warn({ ...fields, failures, seconds: secondsOf(outage) }, 'check is still failing');
    },
    removed: ({ type }, outage) => {
      if (outage !== undefined) log.info({ type, ...ended(outage) }, 'failing check removed');
    },
  };
}

/**
 * Calls `record` with each result, and logs those for which it returns true: they make a neighbour
 * a suspect.
 */
export function suspectRecorder(
  record: (result: Result) => boolean,
  log: Pick<Log, 'warn'>,
): Recorder {
  return {
    record: (result) => {
      if (!record(result)) return;
      const { check, outcome } = result;
      const { type, target } = check;
      const node = target.neighbour?.nodeName;
      log.warn({ type, node, ...failureFields(outcome) }, 'rotating check failed');
    },
  };
}

function failureFields(outcome: Outcome) {
  return { event: errorEvent(outcome), cause: failureCause(outcome), error: resultText(outcome) };
}

/** The error's field is not named `error`, because log alerts match that name. */
function ended(outage: Streak) {
  const { results: failures, outcome } = outage;
  return {
    event: errorEvent(outcome),
    cause: failureCause(outcome),
    lastError: resultText(outcome),
    failures,
    seconds: secondsOf(outage),
  };
}

/** Seconds since its first failure, with one decimal. */
function secondsOf({ since }: Streak): number {
  return inSeconds(performance.now() - since);
}
