import type { Format } from '../exporters/exporter.ts';
import { startExports } from '../exporters/start.ts';
import { createMetrics } from '../src/metrics.ts';
import type { Benchmark } from './support/benchmark.ts';
import { quantile } from './support/statistics.ts';
import { markdownTable } from './support/table.ts';

const ROUNDS = { short: 3, long: 60 };
const WARM_UP = { short: 1, long: 30 };
const FORMATS = ['text', 'openmetrics'] as const;
const BOUNDARIES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Scrapes = Readonly<{
  sets: number;
  format: Format;
  /** Of each. */
  milliseconds: readonly number[];
  /** Of the last. */
  bytes: number;
}>;

/**
 * What a scrape costs: collecting what was recorded since the last one, adding it up and writing it, in each format. A
 * third of the sets of attributes are each of a histogram's, of a trace's and of counters, as in a cluster.
 */
export const scrape: Benchmark<Scrapes[]> = {
  run: async ({ short }) => {
    const size = short ? 'short' : 'long';
    const results: Scrapes[] = [];
    for (const sets of [200, 2_000]) {
      for (const format of FORMATS) {
        results.push({ sets, format, ...(await measure(sets, format, size)) });
      }
    }
    return results;
  },
  table: (results) =>
    markdownTable(
      ['sets of attributes, format', 'median, ms', '10 %', '90 %', 'KB'],
      results.map(({ sets, format, milliseconds, bytes }) => [
        `${sets}, ${format}`,
        ...[0.5, 0.1, 0.9].map((q) => quantile(milliseconds, q).toFixed(2)),
        (bytes / 1_000).toFixed(0),
      ]),
    ),
};

async function measure(sets: number, format: Format, size: 'short' | 'long') {
  const exports = await startExports({
    names: ['prometheus'],
    settings: { exposeMetadata: true, otlp: {} as never },
    environment: {},
    write: () => {},
    tls: { options: (own) => own, untrusted: () => undefined },
    resource: {},
    streams: { isStale: () => false, maxStreams: 50_000, onDropped: () => {} },
    interval: 60_000,
    timeout: 30_000,
    onFailure: () => {},
    onRecovery: () => {},
  });
  const metrics = createMetrics({
    meter: exports.meter('bench', '1'),
    boundaries: BOUNDARIES,
    disabled: [],
    exportHealth: { failures: new Map(), droppedSeries: 0 },
    droppedLogLines: () => 0,
    incomingChecks: { count: () => 10 },
    version: '1',
  });
  const milliseconds: number[] = [];
  let bytes = 0;
  for (let round = -WARM_UP[size]; round < ROUNDS[size]; round += 1) {
    for (let i = 0; i < sets; i += 3) {
      const type = `path_node-${i}.example.org`;
      metrics.httpRequestDuration.record(0.0012, { type });
      if (i + 1 < sets) metrics.httpTraceDuration.record(0.0007, { type, event: 'got_conn' });
      if (i + 2 < sets) metrics.httpRequests.add(1, { type, code: '200' });
    }
    const start = performance.now();
    const scrape = await exports.scrape?.(format);
    if (round >= 0) milliseconds.push(performance.now() - start);
    bytes = scrape?.body.length ?? 0;
  }
  await exports.shutdown(1_000);
  return { milliseconds, bytes };
}
