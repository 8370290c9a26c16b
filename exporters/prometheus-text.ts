import type { Attributes, HrTime } from '@opentelemetry/api';
import {
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';

/** `text`: Prometheus's text format 0.0.4; `openmetrics`: OpenMetrics 1.0.0, which has each series' birth. */
export type Format = 'text' | 'openmetrics';

/** The text of each set of attributes, which is most of the work: `delta-to-cumulative.ts` keeps the sets' objects. */
const labels = new WeakMap<Attributes, string>();

/** The unit's word in OpenMetrics, which is the name's suffix. */
const UNITS: Record<string, string> = { s: 'seconds', By: 'bytes' };

/**
 * The metrics as text, by their own names. `metadata`: with HELP and TYPE lines, which OpenMetrics always has. What has
 * no form in these formats (exponential histograms) is left out.
 */
export function serialize(
  { scopeMetrics }: ResourceMetrics,
  format: Format,
  metadata: boolean,
): string {
  let text = '';
  for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
    if (metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM) continue;
    if (metric.dataPoints.length === 0) continue;
    if (metadata || format === 'openmetrics') text += metadataOf(metric, format);
    if (metric.dataPointType === DataPointType.HISTOGRAM) {
      const bounds = boundsOf(metric.dataPoints, format);
      for (const point of metric.dataPoints) text += histogramLines(metric, point, bounds, format);
    } else {
      for (const point of metric.dataPoints) text += valueLines(metric, point, format);
    }
  }
  return format === 'openmetrics' ? `${text}# EOF\n` : text;
}

function metadataOf(metric: MetricData, format: Format): string {
  const { description, unit } = metric.descriptor;
  const name = format === 'openmetrics' ? familyOf(metric) : metric.descriptor.name;
  const help = format === 'openmetrics' ? escapeLabel(description) : escapeHelp(description);
  const suffix = UNITS[unit];
  const hasUnit = format === 'openmetrics' && suffix !== undefined && name.endsWith(`_${suffix}`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${typeOf(metric)}\n${
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

function valueLines(metric: MetricData, point: DataPoint<number>, format: Format): string {
  const set = labelsOf(point.attributes);
  const line = `${metric.descriptor.name}${braced(set)} ${number(point.value)}\n`;
  if (format === 'text' || typeOf(metric) !== 'counter') return line;
  return `${line}${familyOf(metric)}_created${braced(set)} ${seconds(point.startTime)}\n`;
}

/** What all points of a metric have in common: how the label of each bucket's upper bound ends. */
function boundsOf([first]: readonly DataPoint<Histogram>[], format: Format): string[] {
  const boundaries = first?.value.buckets.boundaries ?? [];
  const texts = [...boundaries.map(format === 'openmetrics' ? float : String), '+Inf'];
  return texts.map((text) => `${text}"} `);
}

function histogramLines(
  { descriptor: { name } }: MetricData,
  { attributes, value, startTime }: DataPoint<Histogram>,
  bounds: readonly string[],
  format: Format,
): string {
  const set = labelsOf(attributes);
  const bucket = `${name}_bucket{${set}${set === '' ? '' : ','}le="`;
  let lines = '';
  let cumulative = 0;
  for (let i = 0; i < bounds.length; i += 1) {
    cumulative += value.buckets.counts[i] ?? 0;
    lines += `${bucket}${bounds[i]}${cumulative}\n`;
  }
  lines += `${name}_sum${braced(set)} ${number(value.sum ?? 0)}\n`;
  lines += `${name}_count${braced(set)} ${value.count}\n`;
  if (format === 'openmetrics') lines += `${name}_created${braced(set)} ${seconds(startTime)}\n`;
  return lines;
}

function labelsOf(attributes: Attributes): string {
  let text = labels.get(attributes);
  if (text === undefined) {
    text = Object.entries(attributes)
      .map(([name, value]) => `${name.replaceAll(/\W/g, '_')}="${escapeLabel(String(value))}"`)
      .join(',');
    labels.set(attributes, text);
  }
  return text;
}

function braced(set: string): string {
  return set === '' ? '' : `{${set}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** OpenMetrics escapes help so, too. */
function escapeLabel(value: string): string {
  return escapeHelp(value).replaceAll('"', '\\"');
}

function number(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}

/** OpenMetrics wants a bound to be a float, and Prometheus 3 makes it one: `1.0`. */
function float(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function seconds([whole, nanoseconds]: HrTime): string {
  return `${whole}.${String(nanoseconds).padStart(9, '0').slice(0, 3)}`;
}
