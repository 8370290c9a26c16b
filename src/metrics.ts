import { readdir } from 'node:fs/promises';
import type { Counter, Histogram, Meter } from '@opentelemetry/api';

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
  incomingChecks: {
    name: 'kubenurse_neighbourhood_incoming_checks',
    unit: '',
    description: 'Distinct neighbours that checked us in the last 60 seconds.',
  },
  residentMemory: {
    name: 'process_resident_memory_bytes',
    unit: 'By',
    description: 'Resident memory size in bytes.',
  },
  openFileDescriptors: {
    name: 'process_open_fds',
    unit: '',
    description: 'Number of open file descriptors.',
  },
  cpuSeconds: {
    name: 'process_cpu_seconds_total',
    unit: 's',
    description: 'Total user and system CPU time spent in seconds.',
  },
  startTime: {
    name: 'process_start_time_seconds',
    unit: 's',
    description: 'Start time of the process since the Unix epoch in seconds.',
  },
} as const;

type Instrument = { name: string; unit: string; description: string };

/** The instruments that results are recorded with. */
export type Metrics = Readonly<{
  requestDuration: Histogram;
  errors: Counter;
  httpRequestDuration: Histogram;
  httpTraceDuration: Histogram;
  httpRequests: Counter;
}>;

/**
 * Makes every instrument. `boundaries`: those of the histograms' buckets, in seconds; `callers`: who checked us.
 */
export function createMetrics(
  meter: Meter,
  boundaries: readonly number[],
  callers: { count: () => number },
): Metrics {
  const histogram = ({ name, ...options }: Instrument) =>
    meter.createHistogram(name, {
      ...options,
      advice: { explicitBucketBoundaries: [...boundaries] },
    });
  const counter = ({ name, ...options }: Instrument) => meter.createCounter(name, options);
  const gauge = ({ name, ...options }: Instrument) => meter.createObservableGauge(name, options);

  gauge(INSTRUMENTS.incomingChecks).addCallback((result) => result.observe(callers.count()));
  gauge(INSTRUMENTS.residentMemory).addCallback((result) =>
    result.observe(process.memoryUsage.rss()),
  );
  gauge(INSTRUMENTS.startTime).addCallback((result) =>
    result.observe(performance.timeOrigin / 1000),
  );
  gauge(INSTRUMENTS.openFileDescriptors).addCallback(async (result) => {
    // One of them is the directory's own. Where there is no /proc, there is no series.
    const descriptors = await readdir('/proc/self/fd').catch(() => undefined);
    if (descriptors) result.observe(descriptors.length - 1);
  });
  const { name, ...options } = INSTRUMENTS.cpuSeconds;
  meter.createObservableCounter(name, options).addCallback((result) => {
    const { user, system } = process.cpuUsage();
    result.observe((user + system) / 1e6);
  });

  return {
    requestDuration: histogram(INSTRUMENTS.requestDuration),
    errors: counter(INSTRUMENTS.errors),
    httpRequestDuration: histogram(INSTRUMENTS.httpRequestDuration),
    httpTraceDuration: histogram(INSTRUMENTS.httpTraceDuration),
    httpRequests: counter(INSTRUMENTS.httpRequests),
  };
}
