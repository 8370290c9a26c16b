import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet } from '../../lab/support/http-get.ts';
import { until } from '../../lab/support/until.ts';
import { MemoryPeak } from '../scale/memory-peak.ts';
import {
  between,
  bucketQuantile,
  FINE_HISTOGRAM,
  readLatencies,
} from '../served/check-latencies.ts';
import { cpuTime } from '../served/cpu-time.ts';
import { startPacked } from '../served/packed-program.ts';
import { usageOf } from '../support/usage.ts';
import { DOWN, type FleetProbe, startFleet } from './fleet.ts';

/** Often, for there to be enough checks for a 99th percentile: eleven twice a second. */
const INTERVAL_MS = 500;

/** How long a collection is kept, and a little more. */
const KEPT_MS = 5_500;

/** Until memory is looked at again after the last collection. */
const GIVEN_BACK_MS = 30_000;

/** A page may take this long before a benchmark gives up on it. */
const LIMIT_MS = 30_000;

/** What the checks of a pod took in a while, in milliseconds. */
type Checks = Readonly<{ checks: number; p50: number; p99: number }>;

/** Those of the pod that collects, and of one that it checks. */
type Period = Readonly<{ own: Checks; neighbour: Checks }>;

/** Of a cluster with so many pods. Milliseconds, and bytes; `cpu`: of one collection. */
export type Collected = Readonly<{
  pods: number;
  collections: readonly Readonly<{ milliseconds: number; cpu: number; reports: number }>[];
  rss: Readonly<{ before: number; peak: number; after: number }>;
  quiet: Period;
  watched: Period;
}>;

/**
 * Has one pod collect the reports of all others, for somebody who looks again as soon as a collection is out of date, so
 * many times; before that, there is as long a while in which nobody looks. `overTls`: reports and checks of neighbours use TLS. Rejects when the verdict is not the truth.
 */
export async function measureCollections(
  file: string,
  pods: number,
  times: number,
  {
    overTls = false,
    settleMs,
    givenBackMs = GIVEN_BACK_MS,
  }: Readonly<{ overTls?: boolean; settleMs: number; givenBackMs?: number }>,
): Promise<Collected> {
  await using stack = new AsyncDisposableStack();
  const fleet = await startFleet(stack, pods, overTls);
  const start = ({ environment }: FleetProbe) =>
    startPacked(stack, file, {
      ...environment,
      ...FINE_HISTOGRAM,
      KUBENURSE_CHECK_INTERVAL: `${INTERVAL_MS}ms`,
    });
  await start(fleet.neighbour);
  const { process } = await start(fleet.collector);
  const page = async (path: string, { url } = fleet.collector) =>
    (await httpGet(`${url}${path}`, LIMIT_MS)).body;
  for (const probe of [fleet.collector, fleet.neighbour]) {
    await until('the neighbours are checked', LIMIT_MS, async () =>
      (await page('/metrics', probe)).includes('type="path_node-'),
    );
  }
  await sleep(settleMs);
  const checksOf = async (probe: FleetProbe, meanwhile: Promise<unknown>): Promise<Checks> => {
    const before = readLatencies(await page('/metrics', probe));
    await meanwhile;
    const latencies = between(before, readLatencies(await page('/metrics', probe)));
    return {
      checks: latencies.get(Infinity) ?? 0,
      p50: 1e3 * bucketQuantile(latencies, 0.5),
      p99: 1e3 * bucketQuantile(latencies, 0.99),
    };
  };
  const period = async (run: () => Promise<unknown>): Promise<Period> => {
    const meanwhile = run();
    const [own, neighbour] = await Promise.all([
      checksOf(fleet.collector, meanwhile),
      checksOf(fleet.neighbour, meanwhile),
    ]);
    return { own, neighbour };
  };
  const quiet = await period(() => sleep(times * KEPT_MS));
  const pid = process.pid ?? 0;
  const before = usageOf(pid).rss;
  using memory = new MemoryPeak(pid);
  const collections: Collected['collections'][number][] = [];
  const watched = await period(async () => {
    for (let i = 0; i < times; i += 1) {
      const [start, cpu] = [performance.now(), cpuTime(process)];
      const text = await page('/cluster.txt');
      collections.push({
        milliseconds: performance.now() - start,
        cpu: cpuTime(process) - cpu,
        reports: reportsIn(text, pods),
      });
      await sleep(KEPT_MS);
    }
  });
  const peak = memory.read().peakRss;
  await sleep(givenBackMs);
  return {
    pods,
    collections,
    rss: { before, peak, after: usageOf(pid).rss },
    quiet,
    watched,
  };
}

/** What is true on a machine that is busy with something else. */
const BUSY = /too little CPU|slow/;

/** How many pods reported, by the text. Throws where the verdict is anything but that one pod does not run. */
function reportsIn(text: string, pods: number): number {
  const [, reported] = new RegExp(`^(\\d+) of ${pods} pods reported\\.$`, 'm').exec(text) ?? [];
  const findings = text
    .split('\n')
    .filter((line) => /^(CRITICAL|WARNING|INFO): /.test(line) && !BUSY.test(line));
  const isRight = findings.length === 1 && findings[0]?.includes(`kubenurse on ${DOWN} does not`);
  if (reported === undefined || !isRight)
    throw new Error(`not the truth:\n${text.slice(0, 3_000)}`);
  return Number(reported);
}
