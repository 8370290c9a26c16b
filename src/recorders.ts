import type { Metrics } from './metrics.ts';
import {
  answerText,
  type Cause,
  type Check,
  errorEvent,
  failureCause,
  possibleCauses,
  possibleErrorEvents,
  type Recorder,
  type TcpCounts,
} from './probe.ts';

/** The value of the label `code` where no response came (the contract). */
const NO_RESPONSE = 'round_trip_error';

/** Results to metrics. The series of a check exist, at 0, from the moment when it is first asked. */
export function metricsRecorder(metrics: Metrics): Recorder {
  const describe = ({ type, target: { neighbour } }: Check) => {
    if (neighbour === undefined) return;
    const { nodeName, podName, podIP, zone } = neighbour;
    // Not before it is whole: a series that is replaced is shown for minutes by whoever it was pushed to.
    if (zone === undefined) return;
    metrics.neighbourInfo.record(1, { type, node: nodeName, pod: podName, pod_ip: podIP, zone });
  };
  const recordTcp = (type: string, tcp: TcpCounts) => {
    if (tcp.handshakeRtt !== undefined) metrics.tcpRtt.record(tcp.handshakeRtt, { type });
    metrics.tcpSegmentsSent.add(tcp.segmentsSent, { type });
    metrics.tcpSegmentsRetransmitted.add(tcp.segmentsRetransmitted, { type });
  };
  return {
    begin: (check) => {
      const { type } = check;
      describe(check);
      for (const event of possibleErrorEvents(check)) metrics.errors.add(0, { type, event });
      for (const cause of possibleCauses(check)) metrics.checkFailures.add(0, { type, cause });
      metrics.httpRequests.add(0, { type, code: '200' });
      metrics.httpRequests.add(0, { type, code: NO_RESPONSE });
    },
    record: ({ check, outcome }) => {
      const { type } = check;
      // At each result, since the pod behind a path may be another.
      describe(check);
      for (const [event, seconds] of Object.entries(outcome.timings)) {
        metrics.httpTraceDuration.record(seconds, { type, event });
      }
      const code = outcome.kind === 'failed' ? NO_RESPONSE : String(outcome.status);
      metrics.httpRequests.add(1, { type, code });
      if (outcome.kind !== 'failed') {
        metrics.requestDuration.record(outcome.duration, { type });
        metrics.httpRequestDuration.record(outcome.duration, { type });
      }
      const event = errorEvent(outcome);
      if (event !== undefined) metrics.errors.add(1, { type, event });
      const cause = failureCause(outcome);
      if (cause !== undefined) metrics.checkFailures.add(1, { type, cause });
      metrics.checkSuccess.record(cause === undefined ? 1 : 0, { type });
      if (outcome.tcp !== undefined) recordTcp(type, outcome.tcp);
    },
  };
}

/** Where the log's lines go: pino's shape. */
export type Log = Readonly<
  Record<'error' | 'warn' | 'info', (fields: object, message: string) => void>
>;

type Trouble = {
  event: string;
  cause: Cause | undefined;
  error: string;
  since: number;
  failures: number;
};

/** A line when a check starts to fail, and one when it recovers or is asked no longer; none in between. */
export function logRecorder(log: Pick<Log, 'warn' | 'info'>): Recorder {
  const failing = new Map<string, Trouble>();
  const over = (type: string, message: string) => {
    const trouble = failing.get(type);
    if (trouble === undefined) return;
    failing.delete(type);
    const { event, cause, error, since, failures } = trouble;
    const seconds = Math.round((performance.now() - since) / 100) / 10;
    log.info({ type, event, cause, error, failures, seconds }, message);
  };
  return {
    record: ({ check: { type }, outcome }) => {
      const event = errorEvent(outcome);
      if (event === undefined) {
        over(type, 'check has recovered');
        return;
      }
      const trouble = failing.get(type);
      const cause = failureCause(outcome);
      const error = answerText(outcome);
      if (trouble !== undefined) {
        failing.set(type, { ...trouble, event, cause, error, failures: trouble.failures + 1 });
        return;
      }
      failing.set(type, { event, cause, error, since: performance.now(), failures: 1 });
      log.warn({ type, event, cause, error }, 'check fails');
    },
    end: ({ type }) => over(type, 'failing check is asked no longer'),
  };
}
