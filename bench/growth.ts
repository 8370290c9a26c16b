import { heapAfterCollection } from './footprint/heap.ts';
import { ProbedCluster } from './footprint/probed-cluster.ts';
import { slope } from './footprint/slope.ts';
import { every, scrape, together, visit } from './footprint/visitors.ts';
import type { Benchmark } from './support/benchmark.ts';
import { number, wholeNumber } from './support/options.ts';
import { type MeasuredProgram, packed } from './support/programs.ts';
import { spreadOf } from './support/statistics.ts';
import { markdownTable, shownSpread } from './support/table.ts';
import { usageOf } from './support/usage.ts';

const NEIGHBOURS = 10;
/** With the 14 other checks, a hundred per round. */
const EXTRA_CHECKS = 86;
/**
 * The length of a round, in milliseconds: what two CPUs can bear together with all that responds.
 */
const INTERVAL_MS = 100;
/**
 * In milliseconds: some 2,000 scrapes in the time that the checks take, more than Prometheus makes
 * in eight hours at 15 s.
 */
const SCRAPES_MS = 500;
const VISITS_MS = 100;
/** Up to this share of the checks the program is still warming up. */
const WARM_UP = 0.1;

const OPTIONS = {
  checks: wholeNumber({ default: '1000000', min: 100, max: 1_000_000_000 }),
  minutes: number({ default: '20', min: 0.1, max: 1_440 }),
};

/**
 * The program's memory after this many checks, in bytes; `heap`: V8's, after its last full
 * collection.
 */
type Point = Readonly<{ checks: number; rssAnon: number; heap: number | undefined }>;

type Growth = Readonly<{
  checks: number;
  failedChecks: number;
  seconds: number;
  cpuSeconds: number;
  points: readonly Point[];
}>;

/** Whether our program's memory grows: as many checks as in days of operation, in minutes. */
export const growth: Benchmark<Growth, typeof OPTIONS> = {
  summary: 'whether memory grows over as many checks as in days of operation',
  options: OPTIONS,
  isOfPacked: true,
  tools: ['etcd', 'kube-apiserver', 'kubectl'],
  inOwnNamespace: true,
  run: async ({ short, values, logProgress }) => {
    const checks = short ? 2_000 : values.checks;
    const most = values.minutes * 60_000;
    await using stack = new AsyncDisposableStack();
    const cluster = await ProbedCluster.start({
      programs: [tracing(packed())],
      neighbours: NEIGHBOURS,
      environment: (addresses) => ({
        KUBENURSE_CHECK_INTERVAL: `${INTERVAL_MS}ms`,
        KUBENURSE_EXTRA_CHECKS: extraChecks(addresses),
      }),
    });
    stack.defer(() => cluster.close());
    logProgress(`${checks} checks, or as many as there are in ${values.minutes} minutes`);
    return await measure(cluster, checks, most, logProgress);
  },
  table: (measured) => {
    const { checks, failedChecks, seconds, cpuSeconds, points } = measured;
    const rssAnon = (point: Point) => point.rssAnon;
    const heap = (point: Point) => point.heap;
    const settled = points.filter((point) => point.checks >= WARM_UP * checks);
    const perCheck = slope(settled.map((point) => ({ x: point.checks, y: point.rssAnon })));
    return markdownTable(
      [`${checks} checks (${failedChecks} failed) in ${seconds.toFixed(0)} s`, ''],
      [
        ['RssAnon after 10 %, MB', around(rssAnon, 0.1, measured)],
        ['… in the middle, MB', around(rssAnon, 0.5, measured)],
        ['… at the end, MB', around(rssAnon, 1, measured)],
        ['growth after the first 10 %, MB per 100,000 checks', (perCheck / 10).toFixed(2)],
        ["V8's heap after a collection: after 10 %, MB", around(heap, 0.1, measured)],
        ['… in the middle, MB', around(heap, 0.5, measured)],
        ['… at the end, MB', around(heap, 1, measured)],
        ['CPU per check, ms', ((cpuSeconds * 1_000) / checks).toFixed(2)],
      ],
    );
  },
};

/** Makes it print what heapAfterCollection() reads. */
function tracing(program: MeasuredProgram): MeasuredProgram {
  return { ...program, args: ['--trace-gc', ...program.args] };
}

/** Checks of the neighbours that run nowhere, in turn. */
function extraChecks(addresses: readonly string[]): string {
  return Array.from({ length: EXTRA_CHECKS }, (_, index) => {
    const address = addresses[index % addresses.length];
    return `extra_${index + 1}:http://${address}:8080/alwayshappy`;
  }).join('|');
}

/** Measures until there are this many checks, or this many milliseconds have passed. */
async function measure(
  cluster: ProbedCluster,
  checks: number,
  mostMilliseconds: number,
  logProgress: (progress: string) => void,
): Promise<Growth> {
  const [probe] = cluster.probes;
  if (probe === undefined) throw new Error('no program runs');
  const stop = new AbortController();
  const begin = performance.now();
  const before = usageOf(probe.pid).cpu;
  const points: Point[] = [];
  let counts = { made: 0, failed: 0 };
  await together(stop, [
    every(SCRAPES_MS, stop.signal, async () => {
      counts = await scrape(probe.url);
      points.push({
        checks: counts.made,
        rssAnon: usageOf(probe.pid).rssAnon,
        heap: heapAfterCollection(probe.output()) ?? points.at(-1)?.heap,
      });
      if (points.length % 120 === 0) logProgress(`${counts.made} checks`);
      if (counts.made >= checks || performance.now() - begin > mostMilliseconds) stop.abort();
    }),
    every(VISITS_MS, stop.signal, () => visit(cluster)),
  ]);
  return {
    checks: counts.made,
    failedChecks: counts.failed,
    seconds: (performance.now() - begin) / 1_000,
    cpuSeconds: usageOf(probe.pid).cpu - before,
    points,
  };
}

/**
 * Megabytes, over the twentieth of the points that is nearest to this share of the checks; empty if
 * nothing was read.
 */
function around(
  read: (point: Point) => number | undefined,
  share: number,
  { checks, points }: Growth,
): string {
  const distance = (point: Point) => Math.abs(point.checks - share * checks);
  const megabytes = points
    .toSorted((one, other) => distance(one) - distance(other))
    .slice(0, Math.ceil(points.length / 20))
    .flatMap((point) => read(point) ?? [])
    .map((bytes) => bytes / 1_000_000);
  return megabytes.length === 0 ? '' : shownSpread(spreadOf(megabytes), 1);
}
