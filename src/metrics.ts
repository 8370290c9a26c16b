import {
  type Counter,
  createNoopMeter,
  type Gauge,
  type Histogram,
  type Meter,
  type ObservableCallback,
} from '@opentelemetry/api';
import { createProcessMetrics, PROCESS_INSTRUMENTS } from './process-metrics.ts';

/**
 * Every instrument (names, kinds and attributes: the contract). A name that has its unit as a suffix has it as unit,
 * too; the others have none, since exporters would append it and so change the name.
 */
const INSTRUMENTS = {
  requestDuration: {
    name: 'kubenurse_request_duration',
    unit: '',
    description: 'Seconds until the response to a check had come, redirects included.',
    // attributes: type
  },
  errors: {
    name: 'kubenurse_errors_total',
    unit: '',
    description: 'Failed checks, by the event that failed.',
    // attributes: type, event
  },
  httpRequestDuration: {
    name: 'kubenurse_httpclient_request_duration_seconds',
    unit: 's',
    description: 'Seconds until the response to a check had come, redirects included.',
    // attributes: type
  },
  httpTraceDuration: {
    name: 'kubenurse_httpclient_trace_request_duration_seconds',
    unit: 's',
    description: 'Seconds from the start of a request to each of its events.',
    // attributes: type, event
  },
  httpRequests: {
    name: 'kubenurse_httpclient_requests_total',
    unit: '',
    description: 'Checks, by the status of their response, or round_trip_error where none came.',
    // attributes: type, code
  },
  checkSuccess: {
    name: 'kubenurse_check_success',
    unit: '',
    description: 'Whether the last check succeeded (1) or failed (0).',
    // attributes: type
  },
  checkFailures: {
    name: 'kubenurse_check_failures_total',
    unit: '',
    description: 'Failed checks, by their cause.',
    // attributes: type, cause
  },
  tcpRtt: {
    name: 'kubenurse_tcp_rtt_seconds',
    unit: 's',
    description: 'Round-trip time of the TCP handshake, measured by the kernel.',
    // attributes: type
  },
  tcpSegmentsSent: {
    name: 'kubenurse_tcp_segments_sent_total',
    unit: '',
    description: 'TCP segments sent by checks, retransmissions included.',
    // attributes: type
  },
  tcpSegmentsRetransmitted: {
    name: 'kubenurse_tcp_segments_retransmitted_total',
    unit: '',
    description: 'TCP segments retransmitted by checks: lost, or not acknowledged in time.',
    // attributes: type
  },
  neighbourInfo: {
    name: 'kubenurse_neighbour_info',
    unit: '',
    description: 'Always 1: the node, pod and zone behind the path to a neighbour.',
    // attributes: type, node, pod, pod_ip, zone
  },
  buildInfo: {
    name: 'kubenurse_build_info',
    unit: '',
    description: 'Always 1: the versions of kubenurse and of Node.js.',
    // attributes: version, nodejs_version
  },
  eventLoopDelay: {
    name: 'kubenurse_event_loop_delay_seconds',
    unit: 's',
    description: 'Seconds by which our own timers were late: what we ourselves add to a latency.',
  },
  eventLoopActive: {
    name: 'kubenurse_event_loop_active_seconds',
    unit: 's',
    description: 'Seconds of a check in which our event loop was at work: no more of it was ours.',
  },
  exportFailures: {
    name: 'kubenurse_export_failures_total',
    unit: '',
    description: 'Exports of these metrics that failed.',
    // attributes: exporter
  },
  droppedSeries: {
    name: 'kubenurse_refused_series_total',
    unit: '',
    description: 'Sets of attributes for which there was no room, at each collection.',
  },
  droppedLogLines: {
    name: 'kubenurse_log_lines_dropped_total',
    unit: '',
    description: 'Log lines dropped because standard output could not take them.',
  },
  incomingChecks: {
    name: 'kubenurse_neighbourhood_incoming_checks',
    unit: '',
    description: 'Distinct neighbours that checked us in the last 60 seconds.',
  },
} as const;

/**
 * Boundaries of `kubenurse_tcp_rtt_seconds`, in seconds: from what two nodes of a rack take to what two continents do, and
 * 1 s, where a handshake has no round trip that counts.
 */
const RTT_BOUNDARIES = [
  0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
  0.5, 1,
];

type Instrument = { name: string; unit: string; description: string };

/** The names of every metric. */
export const METRIC_NAMES: readonly string[] = [
  ...Object.values(INSTRUMENTS),
  ...Object.values(PROCESS_INSTRUMENTS),
].map(({ name }) => name);

/** The instruments that results are recorded with. */
export type Metrics = Readonly<{
  requestDuration: Histogram;
  errors: Counter;
  httpRequestDuration: Histogram;
  httpTraceDuration: Histogram;
  httpRequests: Counter;
  checkSuccess: Gauge;
  checkFailures: Counter;
  tcpRtt: Histogram;
  tcpSegmentsSent: Counter;
  tcpSegmentsRetransmitted: Counter;
  neighbourInfo: Gauge;
  eventLoopDelay: Histogram;
  eventLoopActive: Histogram;
}>;

export type MetricsOptions = Readonly<{
  meter: Meter;
  /** The boundaries of the histograms' buckets, in seconds. */
  boundaries: readonly number[];
  /** Names of metrics that are left out. */
  disabled: readonly string[];
  /** Who checked us. */
  incomingChecks: { count: () => number };
  version: string;
  /** Failed exports by exporter, and sets of attributes for which there was no room, so far. */
  exportHealth: Readonly<{ failures: ReadonlyMap<string, number>; droppedSeries: number }>;
  /** Lines that standard output did not take, so far. */
  droppedLogLines: () => number;
}>;

/** Makes every instrument; one that is disabled takes what is recorded, and shows nowhere. */
export function createMetrics(options: MetricsOptions): Metrics {
  const noop = createNoopMeter();
  const meterOf = ({ name }: Instrument) =>
    options.disabled.includes(name) ? noop : options.meter;
  const histogram = (instrument: Instrument, boundaries = options.boundaries) => {
    const { name, ...described } = instrument;
    return meterOf(instrument).createHistogram(name, {
      ...described,
      advice: { explicitBucketBoundaries: [...boundaries] },
    });
  };
  const counter = (instrument: Instrument) => {
    const { name, ...described } = instrument;
    return meterOf(instrument).createCounter(name, described);
  };
  // Not an observable one, whose attributes the SDK would never forget.
  const gauge = (instrument: Instrument) => {
    const { name, ...described } = instrument;
    return meterOf(instrument).createGauge(name, described);
  };
  const observedGauge = (instrument: Instrument, observe: ObservableCallback) => {
    const { name, ...described } = instrument;
    meterOf(instrument).createObservableGauge(name, described).addCallback(observe);
  };
  const observedCounter = (instrument: Instrument, observe: ObservableCallback) => {
    const { name, ...described } = instrument;
    meterOf(instrument).createObservableCounter(name, described).addCallback(observe);
  };

  observedGauge(INSTRUMENTS.buildInfo, (result) =>
    result.observe(1, { version: options.version, nodejs_version: process.versions.node }),
  );
  observedGauge(INSTRUMENTS.incomingChecks, (result) =>
    result.observe(options.incomingChecks.count()),
  );
  createProcessMetrics(options.meter, meterOf);
  observedCounter(INSTRUMENTS.exportFailures, (result) => {
    for (const [exporter, exports] of options.exportHealth.failures) {
      result.observe(exports, { exporter });
    }
  });
  observedCounter(INSTRUMENTS.droppedSeries, (result) =>
    result.observe(options.exportHealth.droppedSeries),
  );
  observedCounter(INSTRUMENTS.droppedLogLines, (result) =>
    result.observe(options.droppedLogLines()),
  );

  return {
    requestDuration: histogram(INSTRUMENTS.requestDuration),
    errors: counter(INSTRUMENTS.errors),
    httpRequestDuration: histogram(INSTRUMENTS.httpRequestDuration),
    httpTraceDuration: histogram(INSTRUMENTS.httpTraceDuration),
    httpRequests: counter(INSTRUMENTS.httpRequests),
    checkSuccess: gauge(INSTRUMENTS.checkSuccess),
    checkFailures: counter(INSTRUMENTS.checkFailures),
    tcpRtt: histogram(INSTRUMENTS.tcpRtt, RTT_BOUNDARIES),
    tcpSegmentsSent: counter(INSTRUMENTS.tcpSegmentsSent),
    tcpSegmentsRetransmitted: counter(INSTRUMENTS.tcpSegmentsRetransmitted),
    neighbourInfo: gauge(INSTRUMENTS.neighbourInfo),
    eventLoopDelay: histogram(INSTRUMENTS.eventLoopDelay),
    eventLoopActive: histogram(INSTRUMENTS.eventLoopActive),
  };
}
