import { getHeapStatistics } from 'node:v8';
import type { Format } from '../../exporters/exporter.ts';
import { startExports } from '../../exporters/start.ts';
import { createMetrics } from '../../src/metrics.ts';

/*
 * Records this many sets of attributes and is scraped, again and again: `sets format rounds`. A
 * third each of the sets belongs to a histogram, a trace and counters, as in a cluster. Writes a
 * JSON array of `ScrapeCost`, the first of which is for code that has never run.
 */

/**
 * The cost of one scrape: collecting what was recorded since the last one, adding it up and writing
 * it as bytes.
 */
export type ScrapeCost = Readonly<{
  milliseconds: number;
  /** Bytes of V8's heap that it allocates. */
  allocated: number;
  /** Bytes of the response. */
  bytes: number;
}>;

const BOUNDARIES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const [sets, format, rounds] = process.argv.slice(2);
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

function record(): void {
  for (let i = 0; i < Number(sets); i += 3) {
    const type = `path_node-${i}.example.org`;
    metrics.httpRequestDuration.record(0.0012, { type });
    if (i + 1 < Number(sets)) metrics.httpTraceDuration.record(0.0007, { type, event: 'got_conn' });
    if (i + 2 < Number(sets)) metrics.httpRequests.add(1, { type, code: '200' });
  }
}

async function scrape(): Promise<ScrapeCost> {
  const { total_allocated_bytes: before } = getHeapStatistics();
  const start = performance.now();
  const scraped = await exports.scrape?.(format as Format);
  const bytes = Buffer.from(scraped?.body ?? '').length;
  const milliseconds = performance.now() - start;
  const allocated = getHeapStatistics().total_allocated_bytes - before;
  return { milliseconds, allocated, bytes };
}

const costs: ScrapeCost[] = [];
for (let round = 0; round < Number(rounds); round += 1) {
  record();
  costs.push(await scrape());
}
await exports.shutdown(1_000);
console.log(JSON.stringify(costs));
