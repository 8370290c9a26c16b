import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { DataPointType, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics';

const serializer = new PrometheusSerializer(
  '', // prefix
  false, // appendTimestamp
  undefined, // withResourceConstantLabels
  true, // withoutTargetInfo
  true, // withoutScopeInfo
);

/**
 * The metrics in Prometheus's text format 0.0.4. `metadata`: with HELP, TYPE and UNIT lines.
 * Exponential histograms cannot be represented in this format and are omitted.
 */
export function serializeText(collected: ResourceMetrics, metadata: boolean): string {
  const scopeMetrics = collected.scopeMetrics
    .map(({ scope, metrics }) => ({ scope, metrics: metrics.filter(hasText) }))
    .filter(({ metrics }) => metrics.length > 0);
  // For no metrics, the serializer writes a comment without a newline, which Prometheus rejects.
  if (scopeMetrics.length === 0) return '';
  const text = serializer.serialize({ ...collected, scopeMetrics });
  return metadata ? text : withoutComments(text);
}

/** For a metric without lines, the serializer writes only its metadata. */
function hasText({ dataPointType, dataPoints }: MetricData): boolean {
  return dataPointType !== DataPointType.EXPONENTIAL_HISTOGRAM && dataPoints.length > 0;
}

/** Splits only at `\n`: in a pattern, `^` also matches after a U+2028 in a label value. */
function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}
