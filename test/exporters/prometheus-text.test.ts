import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type ExponentialHistogram,
  type Histogram,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { describe, expect, test } from 'vitest';
import type { Format } from '../../exporters/exporter.ts';
import { serializeOpenMetrics } from '../../exporters/prometheus-openmetrics.ts';
import { serializeText } from '../../exporters/prometheus-text.ts';

const BORN: HrTime = [1_700_000_000, 250_000_000];
const POINT = { startTime: BORN, endTime: [1_700_000_060, 0] as HrTime };

type Description = { name: string; description?: string; unit?: string };
type Points<Value> = readonly [Attributes, Value][];

const base = ({ name, description = 'Help.', unit = '' }: Description) => ({
  descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
  aggregationTemporality: AggregationTemporality.CUMULATIVE,
});

function pointsOf<Value>(points: Points<Value>) {
  return points.map(([attributes, value]) => ({ ...POINT, attributes, value }));
}

function sum(what: Description, points: Points<number>, isMonotonic = true): MetricData {
  return {
    ...base(what),
    dataPointType: DataPointType.SUM,
    isMonotonic,
    dataPoints: pointsOf(points),
  };
}

function gauge(what: Description, points: Points<number>): MetricData {
  return { ...base(what), dataPointType: DataPointType.GAUGE, dataPoints: pointsOf(points) };
}

function histogram(what: Description, points: Points<Histogram>): MetricData {
  return { ...base(what), dataPointType: DataPointType.HISTOGRAM, dataPoints: pointsOf(points) };
}

/** The text of these metrics. */
function text(format: Format, metrics: MetricData[], metadata = true): string {
  const collected: ResourceMetrics = {
    resource: emptyResource(),
    scopeMetrics: [{ scope: { name: 'test' }, metrics }],
  };
  return format === 'text'
    ? serializeText(collected, metadata)
    : serializeOpenMetrics(collected).toString();
}

const ERRORS = sum({ name: 'errors_total' }, [
  [{ type: 'a', event: 'dns_done' }, 3],
  [{}, 0.5],
]);
const LEVEL = gauge({ name: 'level' }, [
  [{}, Infinity],
  [{ a: 'b' }, -Infinity],
  [{ a: 'c' }, NaN],
]);
const DURATION = histogram({ name: 'duration_seconds', unit: 's' }, [
  [
    { type: 'a' },
    { buckets: { boundaries: [0.5, 1, 10], counts: [1, 2, 0, 4] }, count: 7, sum: 9 },
  ],
  [{}, { buckets: { boundaries: [0.5, 1, 10], counts: [0, 0, 0, 0] }, count: 0 }],
]);

describe('serialization as text 0.0.4', () => {
  test('writes counters, gauges and histograms', () => {
    expect(text('text', [ERRORS, LEVEL, DURATION])).toBe(`\
# HELP errors_total Help.
# TYPE errors_total counter
errors_total{type="a",event="dns_done"} 3
errors_total 0.5
# HELP level Help.
# TYPE level gauge
level +Inf
level{a="b"} -Inf
level{a="c"} NaN
# HELP duration_seconds Help.
# UNIT duration_seconds s
# TYPE duration_seconds histogram
duration_seconds_count{type="a"} 7
duration_seconds_sum{type="a"} 9
duration_seconds_bucket{type="a",le="0.5"} 1
duration_seconds_bucket{type="a",le="1"} 3
duration_seconds_bucket{type="a",le="10"} 3
duration_seconds_bucket{type="a",le="+Inf"} 7
duration_seconds_count 0
duration_seconds_bucket{le="0.5"} 0
duration_seconds_bucket{le="1"} 0
duration_seconds_bucket{le="10"} 0
duration_seconds_bucket{le="+Inf"} 0
`);
  });

  test('writes no comment line without metadata, and the same series', () => {
    const metrics = [ERRORS, LEVEL, DURATION];
    const withoutComments = text('text', metrics).replace(/^#.*\n/gm, '');
    expect(text('text', metrics, false)).toBe(withoutComments);
  });

  test('keeps a series whose label has a line separator before a number sign', () => {
    const body = text('text', [gauge({ name: 'level' }, [[{ type: 'a\u2028# b' }, 1]])], false);
    expect(body).toBe('level{type="a\u2028# b"} 1\n');
  });
});

describe('serialization as OpenMetrics 1.0.0', () => {
  test('writes text of any length and alphabet', () => {
    const names = Array.from({ length: 2_000 }, (_, i) => `nœud-${i}-😀`);
    const level = gauge(
      { name: 'level' },
      names.map((node) => [{ node }, 1]),
    );
    const lines = names.map((node) => `level{node="${node}"} 1`);
    expect(text('openmetrics', [level]).split('\n')).toEqual([
      ...['# HELP level Help.', '# TYPE level gauge', ...lines, '# EOF', ''],
    ]);
  });

  test('writes families and start times', () => {
    expect(text('openmetrics', [ERRORS, LEVEL, DURATION])).toBe(`\
# HELP errors Help.
# TYPE errors counter
errors_total{type="a",event="dns_done"} 3
errors_created{type="a",event="dns_done"} 1700000000.250
errors_total 0.5
errors_created 1700000000.250
# HELP level Help.
# TYPE level gauge
level +Inf
level{a="b"} -Inf
level{a="c"} NaN
# HELP duration_seconds Help.
# TYPE duration_seconds histogram
# UNIT duration_seconds seconds
duration_seconds_bucket{type="a",le="0.5"} 1
duration_seconds_bucket{type="a",le="1.0"} 3
duration_seconds_bucket{type="a",le="10.0"} 3
duration_seconds_bucket{type="a",le="+Inf"} 7
duration_seconds_sum{type="a"} 9
duration_seconds_count{type="a"} 7
duration_seconds_created{type="a"} 1700000000.250
duration_seconds_bucket{le="0.5"} 0
duration_seconds_bucket{le="1.0"} 0
duration_seconds_bucket{le="10.0"} 0
duration_seconds_bucket{le="+Inf"} 0
duration_seconds_sum 0
duration_seconds_count 0
duration_seconds_created 1700000000.250
# EOF
`);
  });

  test.each([
    [{ name: 'a_seconds', unit: 's' }, 'a_seconds seconds'],
    [{ name: 'cpu_seconds_total', unit: 's' }, 'cpu_seconds seconds'],
    [{ name: 'memory_bytes', unit: 'By' }, 'memory_bytes bytes'],
    [{ name: 'request_duration', unit: 's' }, undefined],
    [{ name: 'milliseconds', unit: 's' }, undefined],
    [{ name: 'a_seconds', unit: '' }, undefined],
    [{ name: 'ratio_1', unit: '1' }, undefined],
  ])('names the unit only if the name ends in it: %j', (what, unit) => {
    const [, written] = /^# UNIT (.*)$/m.exec(text('openmetrics', [sum(what, [[{}, 1]])])) ?? [];
    expect(written).toBe(unit);
  });

  test('has the start time of a series to the millisecond', () => {
    const startTime: HrTime = [5, 7_000_000];
    const metric = { ...ERRORS, dataPoints: [{ ...POINT, startTime, attributes: {}, value: 1 }] };
    expect(text('openmetrics', [metric as MetricData])).toContain('errors_created 5.007\n');
  });
});

describe.each<Format>(['text', 'openmetrics'])('serialization as %s', (format) => {
  const end = format === 'text' ? '' : '# EOF\n';

  test('is complete if there is nothing', () => {
    expect(text(format, [])).toBe(end);
    expect(text(format, [sum({ name: 'empty' }, [])])).toBe(end);
  });

  test('escapes the values of labels', () => {
    const type = 'a "quoted" \\ back\nslash and\n# TYPE line';
    const escaped = 'a \\"quoted\\" \\\\ back\\nslash and\\n# TYPE line';
    const body = text(format, [gauge({ name: 'level' }, [[{ type }, 1]])]);
    expect(body).toContain(`\nlevel{type="${escaped}"} 1\n`);
    expect(body.match(/^# TYPE/gm)).toHaveLength(1);
  });

  test('writes values of labels that are not strings', () => {
    const attributes = { yes: true, number: 1.5 };
    const body = text(format, [gauge({ name: 'level' }, [[attributes, 1]])], false);
    expect(body).toContain('level{yes="true",number="1.5"} 1\n');
  });

  test('writes no label name that these formats do not allow', () => {
    const attributes = { 'otel.metric.overflow': true, 'zwölf-x': 'x' };
    const body = text(format, [gauge({ name: 'level' }, [[attributes, 1]])]);
    expect(body).toContain('level{otel_metric_overflow="true",zw_lf_x="x"} 1\n');
  });

  test('escapes help', () => {
    const description = 'One\nline, a \\ and a "quote".';
    const quote = format === 'text' ? '"quote"' : '\\"quote\\"';
    const body = text(format, [gauge({ name: 'level', description }, [[{}, 1]])]);
    expect(body).toContain(`# HELP level One\\nline, a \\\\ and a ${quote}.\n`);
  });

  test('reports a falling sum as a gauge', () => {
    const body = text(format, [sum({ name: 'level_total' }, [[{}, 1]], false)]);
    expect(body).toBe(`# HELP level_total Help.\n# TYPE level_total gauge\nlevel_total 1\n${end}`);
  });

  test('leaves exponential histograms out', () => {
    const value: ExponentialHistogram = {
      count: 1,
      scale: 0,
      zeroCount: 1,
      positive: { offset: 0, bucketCounts: [] },
      negative: { offset: 0, bucketCounts: [] },
    };
    const exponential: MetricData = {
      ...base({ name: 'duration' }),
      dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM,
      dataPoints: pointsOf([[{}, value]]),
    };
    const other = gauge({ name: 'level' }, [[{}, 1]]);
    expect(text(format, [exponential, other])).toBe(text(format, [other]));
  });
});
