import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Cost, measureCost } from './cluster/cost.ts';
import { type Effect, measureEffect, type Period } from './cluster/effect.ts';
import type { Benchmark } from './support/benchmark.ts';
import { list, oneOf, programFile, someOf, wholeNumber } from './support/options.ts';
import { imageFlags } from './support/programs.ts';
import { spreadOf } from './support/statistics.ts';
import { markdownTable, shownSpread } from './support/table.ts';

const SHORT = { pods: [50], times: 1 };

const OPTIONS = {
  // Each has an address in 127.91.0.0/16 (cluster/fleet.ts).
  pods: list(wholeNumber({ default: '1000,5000', min: 11, max: 60_000 })),
  parts: someOf(['cost', 'effect']),
  collections: wholeNumber({ default: '4', min: 1, max: 100 }),
  program: programFile(),
  over: oneOf(['http', 'tls'], 'http'),
};

/** Milliseconds that the verdict, and then the browser page, take by themselves. */
type Times = Readonly<{ verdict: number; page: number }>;

/** `first`: in a new process. Parts that were not chosen are missing. */
type Measured = Readonly<{
  pods: number;
  cost?: Cost & Readonly<{ first: Times; next: Times }>;
  effect?: Effect;
}>;

/**
 * Measures what it costs a pod to collect the reports of all others, and the latencies of its own
 * checks, of a neighbour's checks, and of the neighbour's checks of it meanwhile. `--pods`: cluster
 * sizes; `--parts`: only one of the two; `--collections`: how often; `--program`: another packed
 * program; `--over tls`: the pods check each other and report over TLS.
 */
export const cluster: Benchmark<readonly Measured[], typeof OPTIONS> = {
  summary: 'time and memory to collect the reports of all pods, and the effect on the checks',
  options: OPTIONS,
  run: async ({ short, values, logProgress }) => {
    const { program, over, parts } = values;
    const how = { overTls: over === 'tls', short };
    const times = short ? SHORT.times : values.collections;
    const results: Measured[] = [];
    for (const pods of short ? SHORT.pods : values.pods) {
      logProgress(`${pods} pods`);
      const cost = parts.includes('cost') && {
        cost: { ...(await measureCost(program, pods, times, how)), ...verdictTimes(pods) },
      };
      const effect = parts.includes('effect') && {
        effect: await measureEffect(program, pods, times, how),
      };
      results.push({ pods, ...(cost || {}), ...(effect || {}) });
    }
    return results;
  },
  table: (results) =>
    markdownTable(
      ['pods', ...results.map(({ pods }) => String(pods))],
      [
        ...rows(costRows, results, ({ cost }) => cost),
        ...rows(effectRows, results, ({ effect }) => effect),
      ],
    ),
};

type Row<Part> = readonly [name: string, show: (part: Part) => string];

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);

const costRows: readonly Row<NonNullable<Measured['cost']>>[] = [
  [
    'reports',
    ({ collections }) => shownSpread(spreadOf(collections.map(({ reports }) => reports)), 0),
  ],
  [
    'collection, s',
    ({ collections }) =>
      shownSpread(spreadOf(collections.map(({ milliseconds }) => milliseconds / 1e3)), 2),
  ],
  [
    'CPU per collection, s',
    ({ collections }) => shownSpread(spreadOf(collections.map(({ cpu }) => cpu / 1e3)), 2),
  ],
  [
    '`verdict()`, first and next, ms',
    ({ first, next }) => `${first.verdict.toFixed(0)}, ${next.verdict.toFixed(0)}`,
  ],
  [
    '`/cluster` rendered, first and next, ms',
    ({ first, next }) => `${first.page.toFixed(0)}, ${next.page.toFixed(0)}`,
  ],
  ['RSS before, MB', ({ rss }) => megabytes(rss.before)],
  ['… at most', ({ rss }) => megabytes(rss.peak)],
  ['… 30 s after', ({ rss }) => megabytes(rss.after)],
];

const effectRows: readonly Row<Effect>[] = (
  [
    ['own checks', 'own'],
    ['checks of a neighbour', 'neighbour'],
    ['checks of the collecting pod', 'ofCollector'],
  ] as const
).flatMap(([name, whose]: readonly [string, keyof Period]): Row<Effect>[] => [
  [`${name}: p50 quiet, ms`, ({ quiet }) => quiet[whose].p50.toFixed(2)],
  ['… watched', ({ watched }) => watched[whose].p50.toFixed(2)],
  [`${name}: p99 quiet, ms`, ({ quiet }) => quiet[whose].p99.toFixed(2)],
  ['… watched', (effect) => withRatio(effect, 'watched', whose)],
  ['… the same requests by a bare client', (effect) => withRatio(effect, 'bare', whose)],
]);

function withRatio(effect: Effect, period: 'watched' | 'bare', whose: keyof Period): string {
  const { p99 } = effect[period][whose];
  return `${p99.toFixed(2)} (${(p99 / effect.quiet[whose].p99).toFixed(1)} times)`;
}

/** The rows of a part that was measured. */
function rows<Part>(
  all: readonly Row<Part>[],
  results: readonly Measured[],
  part: (measured: Measured) => Part | undefined,
): string[][] {
  const parts = results.map(part).filter((each) => each !== undefined);
  return parts.length === 0 ? [] : all.map(([name, show]) => [name, ...parts.map(show)]);
}

/** Measured in a separate process, with the flags of the image. */
function verdictTimes(nodes: number): Readonly<{ first: Times; next: Times }> {
  const script = join(import.meta.dirname, 'cluster/verdict-time.ts');
  const { stdout } = spawnSync(process.execPath, [...imageFlags(), script, String(nodes)], {
    encoding: 'utf8',
  });
  return JSON.parse(stdout);
}
