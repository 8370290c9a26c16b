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
 * The metrics in Prometheus's text format 0.0.4. `metadata`: with HELP, TYPE and UNIT lines. Exponential histograms have no
 * form in this format and are omitted.
 */
export function serializeText(collected: ResourceMetrics, metadata: boolean): string {
  const scopeMetrics = collected.scopeMetrics
    .map(({ scope, metrics }) => ({ scope, metrics: metrics.filter(hasText) }))
    .filter(({ metrics }) => metrics.length > 0);
  // The serializer writes a comment without its newline, which Prometheus rejects.
  if (scopeMetrics.length === 0) return '';
  const text = serializer.serialize({ ...collected, scopeMetrics });
  return metadata ? text : withoutComments(text);
}

/** The serializer writes a metric without lines as metadata alone. */
function hasText({ dataPointType, dataPoints }: MetricData): boolean {
  return dataPointType !== DataPointType.EXPONENTIAL_HISTOGRAM && dataPoints.length > 0;
}

/** Splits at `\n` alone: in a pattern, `^` also matches after a U+2028 in the value of a label. */
function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}
