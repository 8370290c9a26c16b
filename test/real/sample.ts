/** Default boundaries of the histograms' buckets, in seconds (the contract). */
const BOUNDARIES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** What each histogram records in a round, in seconds; the last is beyond the last boundary. */
const OBSERVED = [0.0007, 0.3, 12];

type Labels = Readonly<Record<string, string>>;

/** A metric with one set of attributes. */
export type Metric = Readonly<{
  kind: 'histogram' | 'counter' | 'gauge';
  name: string;
  unit: '' | 's' | 'By';
  attributes: Labels;
}>;

const PATH = { type: 'path_node-b' };

/**
 * Every metric of the contract, with one set of attributes. Units are as in src/metrics.ts, except
 * for the first, which has none there: it would expose a pipeline that appends units.
 */
export const METRICS: readonly Metric[] = [
  { kind: 'histogram', name: 'kubenurse_request_duration', unit: 's', attributes: PATH },
  {
    kind: 'counter',
    name: 'kubenurse_errors_total',
    unit: '',
    attributes: { ...PATH, event: 'connect_done' },
  },
  {
    kind: 'histogram',
    name: 'kubenurse_httpclient_request_duration_seconds',
    unit: 's',
    attributes: PATH,
  },
  {
    kind: 'histogram',
    name: 'kubenurse_httpclient_trace_request_duration_seconds',
    unit: 's',
    attributes: { ...PATH, event: 'got_conn' },
  },
  {
    kind: 'counter',
    name: 'kubenurse_httpclient_requests_total',
    unit: '',
    attributes: { ...PATH, code: '200' },
  },
  { kind: 'gauge', name: 'kubenurse_neighbourhood_incoming_checks', unit: '', attributes: {} },
  { kind: 'gauge', name: 'process_resident_memory_bytes', unit: 'By', attributes: {} },
  { kind: 'gauge', name: 'process_open_fds', unit: '', attributes: {} },
  { kind: 'counter', name: 'process_cpu_seconds_total', unit: 's', attributes: {} },
  { kind: 'gauge', name: 'process_start_time_seconds', unit: 's', attributes: {} },
];

/** Has attributes with the names of labels of its origin. */
export const NEIGHBOUR_INFO: Metric = {
  kind: 'gauge',
  name: 'kubenurse_neighbour_info',
  unit: '',
  attributes: { ...PATH, node: 'node-b', pod: 'kubenurse-9k2lm' },
};

/** The same as the probe pushes it. */
export const PUSHED_NEIGHBOUR_INFO: Metric = {
  ...NEIGHBOUR_INFO,
  attributes: { ...PATH, exported_node: 'node-b', exported_pod: 'kubenurse-9k2lm' },
};

/** A series as `name{label="value",…}`, its labels in alphabetical order. */
export function seriesText({ __name__ = '', ...labels }: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return `${__name__}{${pairs.toSorted().join(',')}}`;
}

/**
 * Every series that Prometheus should have after `rounds` rounds, with its value. `origin`: the
 * labels that identify where it comes from. An attribute of the same name gives way, as in
 * Prometheus (honor_labels: false).
 */
export function expectedSeries(
  metrics: readonly Metric[],
  rounds: number,
  origin: Labels,
): Record<string, number> {
  const relabelled = metrics.map((metric) => {
    const attributes = Object.entries(metric.attributes).map(([name, value]) => [
      name in origin ? `exported_${name}` : name,
      value,
    ]);
    return { ...metric, attributes: { ...Object.fromEntries(attributes), ...origin } };
  });
  return Object.fromEntries(relabelled.flatMap((metric) => seriesOf(metric, rounds)));
}

/** The /metrics page of a probe after `rounds` rounds. */
export function metricsPage(metrics: readonly Metric[], rounds: number): string {
  const lines = metrics.flatMap((metric) => [
    `# TYPE ${metric.name} ${metric.kind}`,
    ...seriesOf(metric, rounds).map((sample) => sample.join(' ')),
  ]);
  return `${lines.join('\n')}\n`;
}

function seriesOf(
  { kind, name, attributes }: Metric,
  rounds: number,
): [series: string, value: number][] {
  const series = (suffix: string, value: number, le?: string): [string, number] => [
    seriesText({ __name__: name + suffix, ...attributes, ...(le && { le }) }),
    value * rounds,
  ];
  if (kind !== 'histogram') return [series('', 1)];
  return [
    ...BOUNDARIES.map((le) => series('_bucket', observedUpTo(le), `${le}`)),
    series('_bucket', OBSERVED.length, '+Inf'),
    series('_sum', observedSum()),
    series('_count', OBSERVED.length),
  ];
}

function observedUpTo(boundary: number): number {
  return OBSERVED.filter((seconds) => seconds <= boundary).length;
}

function observedSum(): number {
  return OBSERVED.reduce((sum, seconds) => sum + seconds, 0);
}

/**
 * The body of an OTLP push, in JSON, after `rounds` rounds that began a minute before `time`
 * (milliseconds since 1970).
 */
export function otlpRequest(
  metrics: readonly Metric[],
  rounds: number,
  resource: Labels,
  time: number,
): string {
  const sent = metrics.map((metric) => ({
    name: metric.name,
    unit: metric.unit,
    ...otlpData(metric, rounds, {
      attributes: keyValues(metric.attributes),
      startTimeUnixNano: `${time - 60_000}000000`,
      timeUnixNano: `${time}000000`,
    }),
  }));
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: keyValues(resource) },
        scopeMetrics: [{ scope: { name: 'kubenurse', version: '0.1.0' }, metrics: sent }],
      },
    ],
  });
}

function otlpData({ kind }: Metric, rounds: number, point: object): object {
  const cumulative = { aggregationTemporality: 2 };
  const number = { ...point, asDouble: rounds };
  if (kind === 'gauge') return { gauge: { dataPoints: [number] } };
  if (kind === 'counter')
    return { sum: { ...cumulative, isMonotonic: true, dataPoints: [number] } };
  const upTo = [...BOUNDARIES, Infinity].map(observedUpTo);
  const histogram = {
    ...point,
    count: OBSERVED.length * rounds,
    sum: observedSum() * rounds,
    explicitBounds: BOUNDARIES,
    bucketCounts: upTo.map((count, bucket) => (count - (upTo[bucket - 1] ?? 0)) * rounds),
  };
  return { histogram: { ...cumulative, dataPoints: [histogram] } };
}

function keyValues(attributes: Labels) {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } }));
}
