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
 * Every instrument (names, kinds and attributes: the contract). The unit is set only if the name
 * already ends with it: otherwise exporters would append it, and so change the name.
 */
const INSTRUMENTS = {
  requestDuration: {
    name: 'kubenurse_request_duration',
    unit: '',
    description: 'Time until the response was received, redirects included, in seconds.',
    // attributes: type
  },
  errors: {
    name: 'kubenurse_errors_total',
    unit: '',
    description: 'Failed checks, by the event at which they failed.',
    // attributes: type, event
  },
  httpRequestDuration: {
    name: 'kubenurse_httpclient_request_duration_seconds',
    unit: 's',
    description: 'Time until the response was received, redirects included, in seconds.',
    // attributes: type
  },
  httpTraceDuration: {
    name: 'kubenurse_httpclient_trace_request_duration_seconds',
    unit: 's',
    description: 'Time from the start of a request to each of its events, in seconds.',
    // attributes: type, event
  },
  httpRequests: {
    name: 'kubenurse_httpclient_requests_total',
    unit: '',
    description:
      'Checks, by response status (ok if not HTTP), or round_trip_error if there was no response.',
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
    description: 'Failed checks, by cause.',
    // attributes: type, cause
  },
  certificateNotAfter: {
    name: 'kubenurse_certificate_not_after_seconds',
    unit: 's',
    description:
      'Expiry of the server certificate, and the earliest expiry in its chain, in Unix time.',
    // attributes: type, certificate (leaf, earliest)
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
    description:
      'TCP segments that checks retransmitted, because they were lost or acknowledged late.',
    // attributes: type
  },
  udpPacketsSent: {
    name: 'kubenurse_udp_packets_sent_total',
    unit: '',
    description: 'UDP packets sent by checks.',
    // attributes: type
  },
  udpPacketsLost: {
    name: 'kubenurse_udp_packets_lost_total',
    unit: '',
    description: 'UDP packets without a reply, by the direction in which they were lost.',
    // attributes: type, direction
  },
  udpPacketsDuplicated: {
    name: 'kubenurse_udp_packets_duplicated_total',
    unit: '',
    description: 'UDP packets received more than once.',
    // attributes: type
  },
  udpPacketsReordered: {
    name: 'kubenurse_udp_packets_reordered_total',
    unit: '',
    description: 'UDP packets received after one that was sent later.',
    // attributes: type
  },
  udpRtt: {
    name: 'kubenurse_udp_rtt_seconds',
    unit: 's',
    description: 'Round-trip time of UDP packets, excluding the time spent in the target.',
    // attributes: type
  },
  udpJitter: {
    name: 'kubenurse_udp_jitter_seconds',
    unit: 's',
    description:
      'Mean difference between consecutive round-trip times of UDP packets in the last check.',
    // attributes: type
  },
  neighbourInfo: {
    name: 'kubenurse_neighbour_info',
    unit: '',
    description: 'Info metric (1): node, pod and zone of the neighbour.',
    // attributes: type, node, pod, pod_ip, zone
  },
  neighbourSuspect: {
    name: 'kubenurse_neighbour_suspect',
    unit: '',
    description:
      'Info metric (1): a neighbour that is checked in each round because a rotating check of it failed.',
    // attributes: type
  },
  buildInfo: {
    name: 'kubenurse_build_info',
    unit: '',
    description: 'Info metric (1): versions of kubenurse and Node.js.',
    // attributes: version, nodejs_version
  },
  eventLoopDelay: {
    name: 'kubenurse_event_loop_delay_seconds',
    unit: 's',
    description: 'Event-loop lag in seconds: the delay that the probe adds to a measured latency.',
  },
  eventLoopActive: {
    name: 'kubenurse_event_loop_active_seconds',
    unit: 's',
    description:
      "Event-loop active time during a check in seconds: upper bound of the probe's own share.",
  },
  exportFailures: {
    name: 'kubenurse_export_failures_total',
    unit: '',
    description: 'Failed metric exports.',
    // attributes: exporter
  },
  droppedSeries: {
    name: 'kubenurse_series_dropped',
    unit: '',
    description: 'Series currently dropped because the series limit is reached.',
  },
  droppedLogLines: {
    name: 'kubenurse_log_lines_dropped_total',
    unit: '',
    description: 'Log lines dropped because they could not be written to standard output.',
  },
  incomingChecks: {
    name: 'kubenurse_neighbourhood_incoming_checks',
    unit: '',
    description: 'Distinct neighbours that checked this pod in the last 60 seconds.',
  },
} as const;

/**
 * Boundaries of `kubenurse_tcp_rtt_seconds` and `kubenurse_udp_rtt_seconds` in seconds, for nodes
 * in one rack up to nodes on two continents. From 1 s on, the kernel repeats the SYN, and there is
 * no sample.
 */
const RTT_BOUNDARIES = [
  0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
  0.5, 1,
];

type Instrument = { name: string; unit: string; description: string };

/** The names of all metrics. */
export const METRIC_NAMES: readonly string[] = [
  ...Object.values(INSTRUMENTS),
  ...Object.values(PROCESS_INSTRUMENTS),
].map(({ name }) => name);

/** The instruments that record results. */
export type Metrics = Readonly<{
  requestDuration: Histogram;
  errors: Counter;
  httpRequestDuration: Histogram;
  httpTraceDuration: Histogram;
  httpRequests: Counter;
  checkSuccess: Gauge;
  checkFailures: Counter;
  certificateNotAfter: Gauge;
  tcpRtt: Histogram;
  tcpSegmentsSent: Counter;
  tcpSegmentsRetransmitted: Counter;
  udpPacketsSent: Counter;
  udpPacketsLost: Counter;
  udpPacketsDuplicated: Counter;
  udpPacketsReordered: Counter;
  udpRtt: Histogram;
  udpJitter: Gauge;
  neighbourInfo: Gauge;
  neighbourSuspect: Gauge;
  eventLoopDelay: Histogram;
  eventLoopActive: Histogram;
}>;

export type MetricsOptions = Readonly<{
  meter: Meter;
  /** Histogram bucket boundaries, in seconds. */
  boundaries: readonly number[];
  /** Names of disabled metrics. */
  disabled: readonly string[];
  /** The pods that checked this one. */
  incomingChecks: { count: () => number };
  version: string;
  /** Failed exports so far, by exporter, and the series that are currently dropped. */
  exportHealth: Readonly<{ failures: ReadonlyMap<string, number>; droppedSeries: number }>;
  /** Log lines dropped so far. */
  droppedLogLines: () => number;
}>;

/** Creates every instrument; a disabled one accepts values and discards them. */
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
  // Not an observable gauge: the SDK never forgets the attributes of one.
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
  observedGauge(INSTRUMENTS.droppedSeries, (result) =>
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
    certificateNotAfter: gauge(INSTRUMENTS.certificateNotAfter),
    tcpRtt: histogram(INSTRUMENTS.tcpRtt, RTT_BOUNDARIES),
    tcpSegmentsSent: counter(INSTRUMENTS.tcpSegmentsSent),
    tcpSegmentsRetransmitted: counter(INSTRUMENTS.tcpSegmentsRetransmitted),
    udpPacketsSent: counter(INSTRUMENTS.udpPacketsSent),
    udpPacketsLost: counter(INSTRUMENTS.udpPacketsLost),
    udpPacketsDuplicated: counter(INSTRUMENTS.udpPacketsDuplicated),
    udpPacketsReordered: counter(INSTRUMENTS.udpPacketsReordered),
    udpRtt: histogram(INSTRUMENTS.udpRtt, RTT_BOUNDARIES),
    udpJitter: gauge(INSTRUMENTS.udpJitter),
    neighbourInfo: gauge(INSTRUMENTS.neighbourInfo),
    neighbourSuspect: gauge(INSTRUMENTS.neighbourSuspect),
    eventLoopDelay: histogram(INSTRUMENTS.eventLoopDelay),
    eventLoopActive: histogram(INSTRUMENTS.eventLoopActive),
  };
}
