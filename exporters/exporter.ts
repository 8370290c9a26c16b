import type { MetricReader, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Format } from './prometheus-text.ts';
import type { ReaderOptions } from './reader.ts';
import type { Retirement } from './retiring.ts';

/** The answer to a scrape. */
export type Scrape = Readonly<{ contentType: string; body: string }>;

/** Brings metrics to where they are wanted. Rejects when it cannot; obeys the signal. */
export type Send = (metrics: ResourceMetrics, signal: AbortSignal) => Promise<void>;

/** A way for metrics to leave. One that is asked for them, instead of sending them, has `scrape`. */
export type Exporter = Readonly<{
  reader: MetricReader;
  /** Rejects when the metrics cannot be had: no answer rather than half of one. */
  scrape?: (format: Format) => Promise<Scrape>;
}>;

/** What an exporter is made with. */
export type ExporterContext = Readonly<{
  environment: Readonly<Record<string, string | undefined>>;
  /** Which series are held. */
  retirement: Retirement;
  /** Writes lines to standard output, which `process.stdout` may not be used for: it fails where a pipe is closed. */
  write: (lines: string) => void;
  /** Makes an exporter of what sends metrics: again and again, never twice at once, with a limit. */
  push: (send: Send, reading?: Omit<ReaderOptions, 'retirement'>) => Exporter;
}>;

/** What each exporter's module exports by the name `createExporter`. */
export type CreateExporter = (context: ExporterContext) => Exporter | Promise<Exporter>;
