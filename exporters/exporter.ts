import type { AgentOptions } from 'node:https';
import type { MetricReader, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { StreamLimits } from './delta-to-cumulative.ts';
import type { HistogramAggregation, ReaderOptions, Temporality } from './reader.ts';

/**
 * `text`: Prometheus's text format 0.0.4; `openmetrics`: OpenMetrics 1.0.0, which has the start
 * time of each series.
 */
export type Format = 'text' | 'openmetrics';

/** The response to a scrape; the body is text or its bytes. */
export type Scrape = Readonly<{ contentType: string; body: string | Buffer }>;

/** Sends metrics. Rejects if that fails; obeys the signal. */
export type Send = (metrics: ResourceMetrics, signal: AbortSignal) => Promise<void>;

/** A metrics exporter; pull exporters implement `scrape`. */
export type Exporter = Readonly<{
  reader: MetricReader;
  /** Rejects if a metric cannot be collected: an error instead of a partial response. */
  scrape?: (format: Format) => Promise<Scrape>;
}>;

/** A client's certificate and key, and authorities to trust instead of the program's; PEM. */
export type OwnTls = Readonly<Partial<Record<'ca' | 'cert' | 'key', Buffer | undefined>>>;

/** How the program, and therefore an exporter, verifies servers. */
export type Tls = Readonly<{
  /** The options of a Node client or agent. */
  options: (own: OwnTls) => AgentOptions;
  /**
   * Describes why a server's certificate is not trusted, with `remedy`, or which limit the server
   * exceeds; `undefined` for any other error.
   */
  untrusted: (error: unknown, remedy: string) => string | undefined;
}>;

/** How metrics are pushed by OTLP: OTEL_EXPORTER_OTLP_*, as specified. */
export type OtlpSettings = Readonly<{
  url: URL;
  protocol: 'http/protobuf' | 'http/json';
  headers: Readonly<Record<string, string>>;
  compression: 'gzip' | 'none';
  /** Overall timeout of a push in milliseconds, retries included. */
  timeout: number;
  /** PEM files. */
  certificate: string | undefined;
  clientCertificate: string | undefined;
  clientKey: string | undefined;
  temporality: Temporality;
  histograms: HistogramAggregation;
}>;

/** What the program has read from the environment for the built-in exporters. */
export type ExporterSettings = Readonly<{
  /** HELP and TYPE lines. */
  exposeMetadata: boolean;
  otlp: OtlpSettings;
}>;

/** What an exporter is created with. */
export type ExporterContext = Readonly<{
  settings: ExporterSettings;
  /** Where custom exporters find their settings. */
  environment: Readonly<Record<string, string | undefined>>;
  tls: Tls;
  /** Which streams are kept. */
  streams: StreamLimits;
  /** Writes lines to standard output. Do not use `process.stdout`: it fails if a pipe is closed. */
  write: (lines: string) => void;
  /** Creates an exporter that calls `send` repeatedly, never twice at once, with a time limit. */
  push: (send: Send, reading?: Omit<ReaderOptions, 'streams'>) => Exporter;
}>;

/** What each exporter's module exports as `createExporter`. */
export type CreateExporter = (context: ExporterContext) => Exporter | Promise<Exporter>;
