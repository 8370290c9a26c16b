import { join } from 'node:path';
import { type Collected, measureCollections } from './cluster/measure.ts';
import type { Benchmark } from './support/benchmark.ts';
import { spreadOf } from './support/statistics.ts';
import { markdownTable, shownSpread } from './support/table.ts';

const PACKED = join(import.meta.dirname, '../dist/kubenurse.cjs');

const LONG = { times: 10, settleMs: 10_000 };
const SHORT = { pods: [50], times: 1, settleMs: 0, givenBackMs: 0 };

/**
 * What it takes a pod to collect the reports of all others, and what its own checks measure meanwhile. `--pods`: sizes of
 * the cluster; `--program`: another packed program.
 */
export const cluster: Benchmark<readonly Collected[]> = {
  options: { pods: '1000,5000', program: PACKED },
  run: async ({ short, values: { pods = '', program = PACKED }, logProgress }) => {
    const sizes = short ? SHORT.pods : pods.split(',').map(Number);
    if (!sizes.every((size) => Number.isInteger(size) && size > 10)) {
      throw new Error(`--pods ${pods}: more than 10 each`);
    }
    const { times, ...how } = short ? SHORT : LONG;
    const results: Collected[] = [];
    for (const size of sizes) {
      logProgress(`${size} pods`);
      results.push(await measureCollections(program, size, times, how));
    }
    return results;
  },
  table: (results) =>
    markdownTable(
      [
        'pods',
        'reports',
        'collection, s',
        'CPU, s',
        'RSS before, MB',
        'most, MB',
        '30 s after, MB',
        'p50 quiet, ms',
        'watched',
        'p99 quiet, ms',
        'watched',
      ],
      results.map(({ pods, collections, rss, quiet, watched }) => [
        String(pods),
        shownSpread(spreadOf(collections.map(({ reports }) => reports)), 0),
        shownSpread(spreadOf(collections.map(({ milliseconds }) => milliseconds / 1e3)), 2),
        shownSpread(spreadOf(collections.map(({ cpu }) => cpu / 1e3)), 2),
        ...[rss.before, rss.peak, rss.after].map((bytes) => (bytes / 1e6).toFixed(0)),
        ...[quiet.p50, watched.p50, quiet.p99, watched.p99].map((each) => each.toFixed(2)),
      ]),
    ),
};
