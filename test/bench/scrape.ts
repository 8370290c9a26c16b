import { startExports } from '../../exporters/start.ts';
import { createMetrics } from '../../src/metrics.ts';

/*
 * What a scrape costs: collecting what was recorded since the last one, adding it up and writing it, in each format. A
 * third of the sets of attributes are each of a histogram's, of a trace's and of counters, as in a cluster.
 */

const ROUNDS = 60;
const WARM_UP = 30;
const BOUNDARIES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The milliseconds of each scrape, sorted, with so many sets of attributes; and the bytes of the last. */
async function measure(sets: number, accept: string) {
  const exports = await startExports({
    names: ['prometheus'],
    environment: {},
    resource: {},
    retirement: { keep: () => true, mostSets: 50_000, onRefused: () => {} },
    interval: 60_000,
    timeout: 30_000,
    onFailure: () => {},
    onRecovery: () => {},
  });
  const metrics = createMetrics({
    meter: exports.meter('bench', '1'),
    boundaries: BOUNDARIES,
    disabled: [],
    callers: { count: () => 10 },
    version: '1',
  });
  const milliseconds: number[] = [];
  let bytes = 0;
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (let i = 0; i < sets; i += 3) {
      const type = `path_node-${i}.example.org`;
      metrics.httpRequestDuration.record(0.0012, { type });
      if (i + 1 < sets) metrics.httpTraceDuration.record(0.0007, { type, event: 'got_conn' });
      if (i + 2 < sets) metrics.httpRequests.add(1, { type, code: '200' });
    }
    const start = performance.now();
    const scrape = await exports.scrape?.(accept);
    if (round >= 0) milliseconds.push(performance.now() - start);
    bytes = scrape?.body.length ?? 0;
  }
  await exports.shutdown(1_000);
  return { milliseconds: milliseconds.toSorted((a, b) => a - b), bytes };
}

const rows = [];
for (const sets of [200, 2_000]) {
  for (const [format, accept] of [
    ['text', '*/*'],
    ['OpenMetrics', 'application/openmetrics-text'],
  ] as const) {
    const { milliseconds, bytes } = await measure(sets, accept);
    const quantile = (q: number) =>
      Number(milliseconds[Math.floor(q * (milliseconds.length - 1))]?.toFixed(2));
    rows.push({
      'sets of attributes': sets,
      format,
      'median ms': quantile(0.5),
      '10% ms': quantile(0.1),
      '90% ms': quantile(0.9),
      KiB: Math.round(bytes / 1024),
    });
  }
}
console.table(rows);
