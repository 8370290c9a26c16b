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
  refusedSeries: {
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
  callers: { count: () => number };
  version: string;
  /** Failed exports by exporter, and sets of attributes for which there was no room, so far. */
  exportHealth: Readonly<{ failures: ReadonlyMap<string, number>; refusedSeries: number }>;
  /** Lines that standard output did not take, so far. */
  droppedLogLines: () => number;
}>;

/** Makes every instrument; one that is disabled takes what is recorded, and shows nowhere. */
export function createMetrics(options: MetricsOptions): Metrics {
  const noop = createNoopMeter();
  const meterOf = ({ name }: Instrument) =>
    options.disabled.includes(name) ? noop : options.meter;
  const histogram = (instrument: Instrument) => {
    const { name, ...described } = instrument;
    return meterOf(instrument).createHistogram(name, {
      ...described,
      advice: { explicitBucketBoundaries: [...options.boundaries] },
    });
  };
  const counter = (instrument: Instrument) => {
    const { name, ...described } = instrument;
    return meterOf(instrument).createCounter(name, described);
  };
  const gauge = (instrument: Instrument, observe: ObservableCallback) => {
    const { name, ...described } = instrument;
    meterOf(instrument).createObservableGauge(name, described).addCallback(observe);
  };
  const observedCounter = (instrument: Instrument, observe: ObservableCallback) => {
    const { name, ...described } = instrument;
    meterOf(instrument).createObservableCounter(name, described).addCallback(observe);
  };

  gauge(INSTRUMENTS.buildInfo, (result) =>
    result.observe(1, { version: options.version, nodejs_version: process.versions.node }),
  );
  gauge(INSTRUMENTS.incomingChecks, (result) => result.observe(options.callers.count()));
  createProcessMetrics(options.meter, meterOf);
  observedCounter(INSTRUMENTS.exportFailures, (result) => {
    for (const [exporter, exports] of options.exportHealth.failures) {
      result.observe(exports, { exporter });
    }
  });
  observedCounter(INSTRUMENTS.refusedSeries, (result) =>
    result.observe(options.exportHealth.refusedSeries),
  );
  observedCounter(INSTRUMENTS.droppedLogLines, (result) =>
    result.observe(options.droppedLogLines()),
  );
  const { name: infoName, ...info } = INSTRUMENTS.neighbourInfo;

  return {
    requestDuration: histogram(INSTRUMENTS.requestDuration),
    errors: counter(INSTRUMENTS.errors),
    httpRequestDuration: histogram(INSTRUMENTS.httpRequestDuration),
    httpTraceDuration: histogram(INSTRUMENTS.httpTraceDuration),
    httpRequests: counter(INSTRUMENTS.httpRequests),
    // Not an observable one, whose attributes the SDK would never forget.
    neighbourInfo: meterOf(INSTRUMENTS.neighbourInfo).createGauge(infoName, info),
    eventLoopDelay: histogram(INSTRUMENTS.eventLoopDelay),
    eventLoopActive: histogram(INSTRUMENTS.eventLoopActive),
  };
}
