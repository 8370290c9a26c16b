import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Collected, measureCollections } from './cluster/measure.ts';
import type { Benchmark } from './support/benchmark.ts';
import { list, programFile, wholeNumber } from './support/options.ts';
import { imageFlags } from './support/programs.ts';
import { spreadOf } from './support/statistics.ts';
import { markdownTable, shownSpread } from './support/table.ts';

const LONG = { times: 10, settleMs: 10_000 };
const SHORT = { pods: [50], times: 1, settleMs: 0, givenBackMs: 0 };

const OPTIONS = {
  // Each has an address of 127.91.0.0/16 (cluster/fleet.ts).
  pods: list(wholeNumber({ default: '1000,5000', min: 11, max: 60_000 })),
  program: programFile(),
};

/** `verdict`: how long it takes by itself, in milliseconds. */
type Measured = Collected & Readonly<{ verdict: number }>;

/**
 * What it takes a pod to collect the reports of all others, and what its own checks measure meanwhile. `--pods`: sizes of
 * the cluster; `--program`: another packed program.
 */
export const cluster: Benchmark<readonly Measured[], typeof OPTIONS> = {
  summary: 'time and memory to collect the reports of all pods, and the effect on the checks',
  options: OPTIONS,
  run: async ({ short, values: { pods, program }, logProgress }) => {
    const sizes = short ? SHORT.pods : pods;
    const { times, ...how } = short ? SHORT : LONG;
    const results: Measured[] = [];
    for (const size of sizes) {
      logProgress(`${size} pods`);
      const collected = await measureCollections(program, size, times, how);
      results.push({ ...collected, verdict: verdictTime(size) });
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
        'verdict, ms',
        'RSS before, MB',
        'RSS peak, MB',
        'RSS 30 s after, MB',
        'p50 quiet, ms',
        'p50 watched, ms',
        'p99 quiet, ms',
        'p99 watched, ms',
      ],
      results.map(({ pods, collections, rss, quiet, watched, verdict }) => [
        String(pods),
        shownSpread(spreadOf(collections.map(({ reports }) => reports)), 0),
        shownSpread(spreadOf(collections.map(({ milliseconds }) => milliseconds / 1e3)), 2),
        shownSpread(spreadOf(collections.map(({ cpu }) => cpu / 1e3)), 2),
        verdict.toFixed(0),
        ...[rss.before, rss.peak, rss.after].map((bytes) => (bytes / 1e6).toFixed(0)),
        ...[quiet.p50, watched.p50, quiet.p99, watched.p99].map((each) => each.toFixed(2)),
      ]),
    ),
};

/** In a separate process, by the flags of the image. */
function verdictTime(nodes: number): number {
  const script = join(import.meta.dirname, 'cluster/verdict-time.ts');
  const { stdout } = spawnSync(process.execPath, [...imageFlags(), script, String(nodes)], {
    encoding: 'utf8',
  });
  return Number(stdout);
}
