import type { Attributes, HrTime, Meter } from '@opentelemetry/api';
import {
  type ExponentialHistogram,
  type Histogram,
  MeterProvider,
  type MetricData,
  type MetricReader,
} from '@opentelemetry/sdk-metrics';
import { onTestFinished } from 'vitest';
import { CumulativeReader, type ReaderOptions } from '../../exporters/reader.ts';
import { EVERYTHING } from '../support/scraped-metrics.ts';

export type Point = Readonly<{
  attributes: Attributes;
  value: number | Histogram | ExponentialHistogram;
  startTime: HrTime;
  endTime: HrTime;
}>;

/** How metrics are read, and which sets of attributes are kept; everything by default. */
export type Reading = Omit<ReaderOptions, 'streams'> & Partial<ReaderOptions['streams']>;

/** A meter with these readers, until the test has finished. */
export function meterFor(...readers: MetricReader[]): Meter {
  const provider = new MeterProvider({ readers });
  onTestFinished(() => provider.shutdown());
  return provider.getMeter('test');
}

/** A reader that keeps everything by default. */
export function retiringReader(reading: Reading = {}): CumulativeReader {
  const { temporality, histograms, ...streams } = reading;
  return new CumulativeReader({
    ...(temporality ? { temporality } : {}),
    ...(histograms ? { histograms } : {}),
    streams: { ...EVERYTHING, ...streams },
  });
}

/** What it reads now, by the names of the metrics. Throws if something cannot be collected. */
export async function readMetrics(reader: CumulativeReader): Promise<Record<string, MetricData>> {
  const { resourceMetrics, errors } = await reader.read(1_000);
  if (errors.length > 0) throw new AggregateError(errors);
  const metrics = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  return Object.fromEntries(metrics.map((metric) => [metric.descriptor.name, metric]));
}

/** The points of the metric that it reads now; none if there is no such metric. */
export async function readPoints(reader: CumulativeReader, name: string): Promise<Point[]> {
  return (await readMetrics(reader))[name]?.dataPoints ?? [];
}

/** The values by the attributes' values. */
export function valuesOf(points: readonly Point[]): Record<string, unknown> {
  return Object.fromEntries(
    points.map(({ attributes, value }) => [Object.values(attributes).join(), value]),
  );
}
