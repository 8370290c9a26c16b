import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckCounts } from './footprint/check-counts.ts';
import { type Probe, ProbedCluster } from './footprint/probed-cluster.ts';
import { every, scrape, together, visit } from './footprint/visitors.ts';
import type { Benchmark } from './support/benchmark.ts';
import { list, number, OptionError, oneOf, wholeNumber } from './support/options.ts';
import {
  type MeasuredProgram,
  packed,
  packedWith,
  peer,
  unpacked,
  withoutTcpInfo,
} from './support/programs.ts';
import { type Spread, spreadOf } from './support/statistics.ts';
import { markdownTable, shownSpread } from './support/table.ts';
import { type Usage, usageOf } from './support/usage.ts';

/** Seconds. A short run is over before anything has settled. */
const LONG = { warmUp: 30, scrapes: 15, last: 60 };
const SHORT = { interval: 1, warmUp: 2, scrapes: 1, last: 2, all: 8 };

/** How many parts the time between the warm-up and the last minute is measured in. */
const PARTS = 4;

const PROGRAMS = {
  packed,
  unpacked,
  peer,
  'without-tcp-info': withoutTcpInfo,
  'without-full-size': packedWith('without full-size packets', {
    KUBENURSE_PATH_FULL_SIZE: 'false',
  }),
  'without-rotating': packedWith('without rotating checks', { KUBENURSE_ROTATING_NEIGHBOURS: '0' }),
  dns: packedWith('with DNS checks', { KUBENURSE_CHECK_DNS: 'true' }),
  udp: packedWith('with UDP checks', { KUBENURSE_CHECK_UDP: 'true' }),
} satisfies Readonly<Record<string, () => MeasuredProgram>>;

const OPTIONS = {
  minutes: number({ default: '10', min: 2, max: 1_440 }),
  programs: list(oneOf(Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[], 'packed,unpacked,peer')),
  // No more than there are addresses (probed-cluster.ts).
  neighbours: wholeNumber({ default: '10', min: 1, max: 254 }),
  interval: number({ default: '5', min: 1, max: 60, unit: 'seconds' }),
};

/** The resources that a program used. */
type Footprint = Readonly<{
  name: string;
  /** Of its file, if it is a single file. */
  bytes: number | undefined;
  limits: string;
  /** Megabytes, in the last minute. */
  rss: Spread;
  rssAnon: Spread;
  checks: number;
  failedChecks: number;
  /**
   * Milliseconds of CPU per check, including all else that it did; the spread is that of the parts.
   */
  cpuPerCheck: Spread;
  /** Milliseconds of CPU per second; the spread is that of the parts. */
  cpuPerSecond: Spread;
  series: number;
  /**
   * Mean latency of the checks of neighbours as exported, in milliseconds; the spread is that of
   * the parts.
   */
  pathLatency: Spread;
}>;

/** The counters of a program at one moment. */
type Sample = Readonly<{ usage: Usage; seconds: number }> & CheckCounts;

/**
 * Measures what kubenurse uses on a node, packed and unpacked, compared with a program in Go that
 * does the same at the same time.
 */
export const footprint: Benchmark<Footprint[], typeof OPTIONS> = {
  summary: 'memory and CPU time of the program on a node, next to others with the same neighbours',
  options: OPTIONS,
  isOfPacked: true,
  tools: ['etcd', 'kube-apiserver', 'kubectl', 'peer'],
  inOwnNamespace: true,
  run: async ({ short, values: { minutes, interval, neighbours, ...values }, logProgress }) => {
    const least = values.programs.length - 1;
    if (neighbours < least) {
      const reason = 'the programs are neighbours of each other';
      throw new OptionError(
        `--neighbours ${neighbours}: expected ${least} or more, because ${reason}`,
      );
    }
    const programs = values.programs.map((name) => PROGRAMS[name]());
    const times = short ? SHORT : { ...LONG, interval, all: minutes * 60 };
    await using stack = new AsyncDisposableStack();
    const cluster = await ProbedCluster.start({
      programs,
      neighbours,
      environment: () => ({ KUBENURSE_CHECK_INTERVAL: `${times.interval}s` }),
    });
    stack.defer(() => cluster.close());
    logProgress(`${programs.length} programs probe for ${times.all} s`);
    return await measure(cluster, times);
  },
  table: (footprints) =>
    markdownTable(
      ['', ...footprints.map(({ name }) => name)],
      [
        ['RssAnon, MB', ...footprints.map(({ rssAnon }) => shownSpread(rssAnon, 1))],
        ['RSS, MB', ...footprints.map(({ rss }) => shownSpread(rss, 1))],
        ['CPU per check, ms', ...footprints.map(({ cpuPerCheck }) => shownSpread(cpuPerCheck, 2))],
        [
          'CPU, ms per second',
          ...footprints.map(({ cpuPerSecond }) => shownSpread(cpuPerSecond, 1)),
        ],
        ['series', ...footprints.map(({ series }) => String(series))],
        [
          'mean latency of `path_…`, ms',
          ...footprints.map(({ pathLatency }) => shownSpread(pathLatency, 2)),
        ],
        [
          'checks (failed)',
          ...footprints.map(({ checks, failedChecks }) => `${checks} (${failedChecks})`),
        ],
        [
          'file, MB',
          ...footprints.map(({ bytes }) => (bytes ? inMegabytes(bytes).toFixed(1) : '–')),
        ],
        ['limits', ...footprints.map(({ limits }) => limits)],
      ],
    ),
};

async function measure(cluster: ProbedCluster, times: typeof SHORT): Promise<Footprint[]> {
  const { probes } = cluster;
  const samples = probes.map((): Sample[] => []);
  const last = probes.map((): Usage[] => []);
  const stop = new AbortController();
  const pass = (seconds: number) => sleep(seconds * 1_000, undefined, stop);
  const observe = async () => {
    await pass(times.warmUp);
    for (let part = 0; part <= PARTS; part++) {
      if (part > 0) await pass((times.all - times.warmUp - times.last) / PARTS);
      for (const [index, probe] of probes.entries()) samples[index]?.push(await sampleOf(probe));
    }
    for (let second = 0; second < times.last; second++) {
      for (const [index, { pid }] of probes.entries()) last[index]?.push(usageOf(pid));
      await pass(1);
    }
    stop.abort();
  };
  await together(stop, [
    observe(),
    every(times.interval * 1_000, stop.signal, () => visit(cluster)),
    every(times.scrapes * 1_000, stop.signal, async () => {
      for (const { url } of probes) await scrape(url);
    }),
  ]);
  return probes.map((probe, index) => footprintOf(probe, samples[index] ?? [], last[index] ?? []));
}

async function sampleOf({ url, pid }: Probe): Promise<Sample> {
  return { ...(await scrape(url)), usage: usageOf(pid), seconds: performance.now() / 1_000 };
}

function footprintOf(
  { program, limits }: Probe,
  samples: readonly Sample[],
  last: readonly Usage[],
): Footprint {
  const [first] = samples;
  const final = samples.at(-1);
  if (!first || !final) throw new Error(`${program.name} was not measured`);
  const ofParts = (ratio: (before: Sample, after: Sample) => number) =>
    spreadOf(samples.slice(1).map((after, index) => ratio(samples[index] ?? first, after)));
  return {
    name: program.name,
    bytes: program.bytes,
    limits,
    rss: spreadOf(last.map(({ rss }) => inMegabytes(rss))),
    rssAnon: spreadOf(last.map(({ rssAnon }) => inMegabytes(rssAnon))),
    checks: final.made - first.made,
    failedChecks: final.failed - first.failed,
    cpuPerCheck: ofParts(
      (before, after) =>
        ((after.usage.cpu - before.usage.cpu) * 1_000) / (after.made - before.made),
    ),
    cpuPerSecond: ofParts(
      (before, after) =>
        ((after.usage.cpu - before.usage.cpu) * 1_000) / (after.seconds - before.seconds),
    ),
    series: final.series,
    pathLatency: ofParts(
      ({ paths: before }, { paths: after }) =>
        ((after.sum - before.sum) * 1_000) / (after.count - before.count),
    ),
  };
}

function inMegabytes(bytes: number): number {
  return bytes / 1_000_000;
}
