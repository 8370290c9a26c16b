import type { AgentOptions } from 'node:https';
import type { MetricReader, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { StreamLimits } from './delta-to-cumulative.ts';
import type { HistogramAggregation, ReaderOptions, Temporality } from './reader.ts';

/** `text`: Prometheus's text format 0.0.4; `openmetrics`: OpenMetrics 1.0.0, which has the start time of each series. */
export type Format = 'text' | 'openmetrics';

/** The response to a scrape; the body as text, or as its bytes. */
export type Scrape = Readonly<{ contentType: string; body: string | Buffer }>;

/** Sends metrics. Rejects when that fails; obeys the signal. */
export type Send = (metrics: ResourceMetrics, signal: AbortSignal) => Promise<void>;

/** A metrics exporter; pull exporters implement `scrape`. */
export type Exporter = Readonly<{
  reader: MetricReader;
  /** Rejects when a metric cannot be collected: an error instead of a partial response. */
  scrape?: (format: Format) => Promise<Scrape>;
}>;

/** A client's certificate and key, and authorities to trust in the place of the program's; PEM. */
export type OwnTls = Readonly<Partial<Record<'ca' | 'cert' | 'key', Buffer | undefined>>>;

/** How the program verifies servers, and so an exporter does. */
export type Tls = Readonly<{
  /** The options of a client or an agent of Node. */
  options: (own: OwnTls) => AgentOptions;
  /** In words, why a server's certificate is not trusted, with `remedy`, or is too much; `undefined` for any other error. */
  untrusted: (error: unknown, remedy: string) => string | undefined;
}>;

/** How metrics are pushed by OTLP: OTEL_EXPORTER_OTLP_*, as the specification has them. */
export type OtlpSettings = Readonly<{
  url: URL;
  protocol: 'http/protobuf' | 'http/json';
  headers: Readonly<Record<string, string>>;
  compression: 'gzip' | 'none';
  /** Milliseconds that a push may take, retries included. */
  timeout: number;
  /** PEM files. */
  certificate: string | undefined;
  clientCertificate: string | undefined;
  clientKey: string | undefined;
  temporality: Temporality;
  histograms: HistogramAggregation;
}>;

/** What the program has read from the environment for its own exporters. */
export type ExporterSettings = Readonly<{
  /** HELP and TYPE lines. */
  exposeMetadata: boolean;
  otlp: OtlpSettings;
}>;

/** What an exporter is made with. */
export type ExporterContext = Readonly<{
  settings: ExporterSettings;
  /** Where exporters of users find theirs. */
  environment: Readonly<Record<string, string | undefined>>;
  tls: Tls;
  /** Which streams are kept. */
  streams: StreamLimits;
  /** Writes lines to standard output, which `process.stdout` may not be used for: it fails where a pipe is closed. */
  write: (lines: string) => void;
  /** Makes an exporter of what sends metrics: again and again, never twice at once, with a limit. */
  push: (send: Send, reading?: Omit<ReaderOptions, 'streams'>) => Exporter;
}>;

/** What each exporter's module exports by the name `createExporter`. */
export type CreateExporter = (context: ExporterContext) => Exporter | Promise<Exporter>;
