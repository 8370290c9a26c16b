import type { Attributes, HrTime } from '@opentelemetry/api';
import {
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { TextBytes } from './text-bytes.ts';

/**
 * The text of each set of attributes, which is most of the work: `delta-to-cumulative.ts` keeps the
 * sets' objects.
 */
const labels = new WeakMap<Attributes, string>();

/** Units as OpenMetrics spells them, which are the suffixes of names. */
const UNITS: Record<string, string> = { s: 'seconds', By: 'bytes' };

/**
 * The metrics in OpenMetrics 1.0.0, which `@opentelemetry/exporter-prometheus` does not write, with
 * the start time of each counter and histogram (`_created`). Exponential histograms cannot be
 * represented in this format and are omitted.
 */
export function serializeOpenMetrics({ scopeMetrics }: ResourceMetrics): Buffer {
  const text = new TextBytes();
  for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
    if (metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM) continue;
    if (metric.dataPoints.length === 0) continue;
    text.add(metadataOf(metric));
    if (metric.dataPointType === DataPointType.HISTOGRAM) {
      const bounds = boundsOf(metric.dataPoints);
      for (const point of metric.dataPoints) text.add(histogramLines(metric, point, bounds));
    } else {
      for (const point of metric.dataPoints) text.add(valueLines(metric, point));
    }
  }
  text.add('# EOF\n');
  return text.whole();
}

function metadataOf(metric: MetricData): string {
  const { description, unit } = metric.descriptor;
  const name = familyOf(metric);
  const suffix = UNITS[unit];
  const hasUnit = suffix !== undefined && name.endsWith(`_${suffix}`);
  return `# HELP ${name} ${escaped(description)}\n# TYPE ${name} ${typeOf(metric)}\n${
    hasUnit ? `# UNIT ${name} ${suffix}\n` : ''
  }`;
}

function typeOf(metric: MetricData): string {
  if (metric.dataPointType === DataPointType.HISTOGRAM) return 'histogram';
  return metric.dataPointType === DataPointType.SUM && metric.isMonotonic ? 'counter' : 'gauge';
}

/** OpenMetrics names a counter's family without its `_total`. */
function familyOf(metric: MetricData): string {
  const { name } = metric.descriptor;
  return typeOf(metric) === 'counter' ? name.replace(/_total$/, '') : name;
}

function valueLines(metric: MetricData, point: DataPoint<number>): string {
  const set = labelsOf(point.attributes);
  const line = `${metric.descriptor.name}${braced(set)} ${number(point.value)}\n`;
  if (typeOf(metric) !== 'counter') return line;
  return `${line}${familyOf(metric)}_created${braced(set)} ${seconds(point.startTime)}\n`;
}

/** How the label of each bucket's upper bound ends: the same for all points of a metric. */
function boundsOf([first]: readonly DataPoint<Histogram>[]): string[] {
  const boundaries = first?.value.buckets.boundaries ?? [];
  const texts = [...boundaries.map(float), '+Inf'];
  return texts.map((text) => `${text}"} `);
}

function histogramLines(
  { descriptor: { name } }: MetricData,
  { attributes, value, startTime }: DataPoint<Histogram>,
  bounds: readonly string[],
): string {
  const set = labelsOf(attributes);
  const { counts } = value.buckets;
  const inBraces = braced(set);
  const bucket = `${name}_bucket{${set}${set === '' ? '' : ','}le="`;
  // With a leading newline: one part less to add for each of thousands of lines.
  const nextBucket = `\n${bucket}`;
  let cumulative = counts[0] ?? 0;
  let lines = `${bucket}${bounds[0]}${cumulative}`;
  for (let i = 1; i < bounds.length; i += 1) {
    cumulative += counts[i] ?? 0;
    lines += nextBucket + (bounds[i] as string) + cumulative;
  }
  lines += `\n${name}_sum${inBraces} ${number(value.sum ?? 0)}`;
  lines += `\n${name}_count${inBraces} ${value.count}`;
  return `${lines}\n${name}_created${inBraces} ${seconds(startTime)}\n`;
}

function labelsOf(attributes: Attributes): string {
  let text = labels.get(attributes);
  if (text === undefined) {
    text = Object.entries(attributes)
      .map(([name, value]) => `${name.replaceAll(/\W/g, '_')}="${escaped(String(value))}"`)
      .join(',');
    labels.set(attributes, text);
  }
  return text;
}

function braced(set: string): string {
  return set === '' ? '' : `{${set}}`;
}

/** Both label values and HELP are escaped this way. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function number(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}

/** OpenMetrics requires a bound to be a float, and Prometheus 3 makes it one: `1.0`. */
function float(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function seconds([whole, nanoseconds]: HrTime): string {
  return `${whole}.${String(nanoseconds).padStart(9, '0').slice(0, 3)}`;
}
