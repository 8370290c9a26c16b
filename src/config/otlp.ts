import type { Values } from './variables.ts';

/** The variables for metrics override those for all signals; the headers of both are sent. */
export function otlpSettings(values: Values) {
  return {
    url: metricsUrl(values),
    protocol:
      values.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL ??
      values.OTEL_EXPORTER_OTLP_PROTOCOL ??
      'http/protobuf',
    headers: {
      ...values.OTEL_EXPORTER_OTLP_HEADERS,
      ...values.OTEL_EXPORTER_OTLP_METRICS_HEADERS,
    },
    compression:
      values.OTEL_EXPORTER_OTLP_METRICS_COMPRESSION ??
      values.OTEL_EXPORTER_OTLP_COMPRESSION ??
      'none',
    timeout:
      values.OTEL_EXPORTER_OTLP_METRICS_TIMEOUT ?? values.OTEL_EXPORTER_OTLP_TIMEOUT ?? 10_000,
    certificate:
      values.OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE ?? values.OTEL_EXPORTER_OTLP_CERTIFICATE,
    clientCertificate:
      values.OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE ??
      values.OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE,
    clientKey: values.OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY ?? values.OTEL_EXPORTER_OTLP_CLIENT_KEY,
    temporality: values.OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE ?? 'cumulative',
    histograms:
      values.OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION ??
      'explicit_bucket_histogram',
  };
}

/** How metrics are pushed over OTLP. */
export type OtlpSettings = Readonly<ReturnType<typeof otlpSettings>>;

/**
 * The endpoint for metrics is used unchanged; the signal's path is appended to the endpoint for all
 * signals (OTLP/HTTP).
 */
function metricsUrl(values: Values): URL {
  if (values.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT) return values.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT;
  const url = new URL(values.OTEL_EXPORTER_OTLP_ENDPOINT ?? 'http://localhost:4318');
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/metrics`;
  return url;
}
