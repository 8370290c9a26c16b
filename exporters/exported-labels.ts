import type { Attributes } from '@opentelemetry/api';
import type { MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';

/** Labels that identify the origin of a series; an attribute of the same name would hide it. */
const ORIGIN = new Set(['node', 'pod', 'namespace', 'cluster', 'job', 'instance']);

/**
 * Renames such attributes to `exported_…`, as Prometheus does when it scrapes
 * (`honor_labels: false`), so that a push arrives with the same labels.
 */
export function withExportedLabels(collected: ResourceMetrics): ResourceMetrics {
  const scopeMetrics = collected.scopeMetrics.map(({ scope, metrics }) => ({
    scope,
    metrics: metrics.map((metric) => {
      const dataPoints = (metric.dataPoints as { attributes: Attributes }[]).map((point) =>
        Object.keys(point.attributes).some((name) => ORIGIN.has(name))
          ? { ...point, attributes: renamed(point.attributes) }
          : point,
      );
      return { ...metric, dataPoints } as MetricData;
    }),
  }));
  return { ...collected, scopeMetrics };
}

function renamed(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      ORIGIN.has(name) ? `exported_${name}` : name,
      value,
    ]),
  );
}
