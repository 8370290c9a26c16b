import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Collected, measureCollections } from './cluster/measure.ts';
import type { Benchmark } from './support/benchmark.ts';
import { list, oneOf, programFile, wholeNumber } from './support/options.ts';
import { imageFlags } from './support/programs.ts';
import { spreadOf } from './support/statistics.ts';
import { markdownTable, shownSpread } from './support/table.ts';

const LONG = { times: 6, settleMs: 10_000 };
const SHORT = { pods: [50], times: 1, settleMs: 0, givenBackMs: 0 };

const OPTIONS = {
  // Each has an address of 127.91.0.0/16 (cluster/fleet.ts).
  pods: list(wholeNumber({ default: '1000,5000', min: 11, max: 60_000 })),
  program: programFile(),
  over: oneOf(['http', 'tls'], 'http'),
};

/** What the verdict, and then the page of a browser, take by themselves, in milliseconds. */
type Times = Readonly<{ verdict: number; page: number }>;

/** `first`: in a new process. */
type Measured = Collected & Readonly<{ first: Times; next: Times }>;

/**
 * What it takes a pod to collect the reports of all others, and what its own checks and those of a
 * neighbour measure meanwhile. `--pods`: sizes of the cluster; `--program`: another packed program; `--over tls`: the pods
 * check each other and report over TLS.
 */
export const cluster: Benchmark<readonly Measured[], typeof OPTIONS> = {
  summary: 'time and memory to collect the reports of all pods, and the effect on the checks',
  options: OPTIONS,
  run: async ({ short, values: { pods, program, over }, logProgress }) => {
    const sizes = short ? SHORT.pods : pods;
    const { times, ...how } = { ...(short ? SHORT : LONG), overTls: over === 'tls' };
    const results: Measured[] = [];
    for (const size of sizes) {
      logProgress(`${size} pods`);
      const collected = await measureCollections(program, size, times, how);
      results.push({ ...collected, ...verdictTimes(size) });
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
        'verdict, first and next, ms',
        'page, first and next, ms',
        'RSS before, MB',
        'RSS peak, MB',
        'RSS 30 s after, MB',
        'p50 quiet, ms',
        'p50 watched, ms',
        'p99 quiet, ms',
        'p99 watched, ms',
        'p99 of a neighbour, quiet, ms',
        'p99 of a neighbour, watched, ms',
      ],
      results.map(({ pods, collections, rss, quiet, watched, first, next }) => [
        String(pods),
        shownSpread(spreadOf(collections.map(({ reports }) => reports)), 0),
        shownSpread(spreadOf(collections.map(({ milliseconds }) => milliseconds / 1e3)), 2),
        shownSpread(spreadOf(collections.map(({ cpu }) => cpu / 1e3)), 2),
        `${first.verdict.toFixed(0)}, ${next.verdict.toFixed(0)}`,
        `${first.page.toFixed(0)}, ${next.page.toFixed(0)}`,
        ...[rss.before, rss.peak, rss.after].map((bytes) => (bytes / 1e6).toFixed(0)),
        ...[
          quiet.own.p50,
          watched.own.p50,
          quiet.own.p99,
          watched.own.p99,
          quiet.neighbour.p99,
          watched.neighbour.p99,
        ].map((each) => each.toFixed(2)),
      ]),
    ),
};

/** In a separate process, by the flags of the image. */
function verdictTimes(nodes: number): Pick<Measured, 'first' | 'next'> {
  const script = join(import.meta.dirname, 'cluster/verdict-time.ts');
  const { stdout } = spawnSync(process.execPath, [...imageFlags(), script, String(nodes)], {
    encoding: 'utf8',
  });
  return JSON.parse(stdout);
}
