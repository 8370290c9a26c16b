import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet } from '../../lab/support/http-get.ts';
import { freePort } from '../../lab/support/server-process.ts';
import { between, bucketQuantile, readLatencies } from '../served/check-latencies.ts';
import { startNode } from '../served/node-process.ts';
import { spreadOf } from '../support/statistics.ts';
import { collect, KEPT_MS, pageOf, startPod } from './collect.ts';
import { type Fleet, startFleet } from './fleet.ts';

/** Short, to get enough checks for a 99th percentile: eleven twice a second. */
const INTERVAL = { KUBENURSE_CHECK_INTERVAL: '500ms' };

/** How many additional checks of the collecting pod the neighbour makes in a round. */
const EXTRA_CHECKS = 5;
const EXTRA = 'collector_';

/** Timeout of a request to the bare client, in milliseconds. */
const LIMIT_MS = 60_000;

/** Latencies of checks, in milliseconds. */
type Checks = Readonly<{ p50: number; p99: number }>;

/**
 * The checks by the collecting pod, those by a pod that checks it, and of these the checks of the
 * collecting pod.
 */
export type Period = Readonly<{ own: Checks; neighbour: Checks; ofCollector: Checks }>;

/**
 * `quiet`: nobody watches; `watched`: somebody does; `bare`: another client makes the same requests
 * at the same rate.
 */
export type Effect = Readonly<{ quiet: Period; watched: Period; bare: Period }>;

/**
 * Measures the checks in a cluster of `pods` pods, one of which collects the reports of all others
 * `times` times, as often as a pod ever does.
 */
export async function measureEffect(
  file: string,
  pods: number,
  times: number,
  { overTls, short }: Readonly<{ overTls: boolean; short: boolean }>,
): Promise<Effect> {
  await using stack = new AsyncDisposableStack();
  const fleet = await startFleet(stack, pods, overTls);
  const { collector, neighbour } = fleet;
  const requestAll = await startBareClient(stack, fleet);
  const checks = Array.from({ length: EXTRA_CHECKS }, (_, i) => `${EXTRA}${i}`);
  await startPod(stack, file, neighbour, {
    ...INTERVAL,
    KUBENURSE_EXTRA_CHECKS: checks.map((name) => `${name}:${collector.checkedUrl}`).join('|'),
  });
  const process = await startPod(stack, file, collector, INTERVAL);
  await sleep(short ? 0 : KEPT_MS);
  const repeated = (run: () => Promise<unknown>) => async () => {
    for (let i = 0; i < times; i += 1) {
      await run();
      await sleep(KEPT_MS);
    }
  };
  const taken: number[] = [];
  const quiet = await period(
    fleet,
    repeated(async () => {}),
  );
  const watched = await period(
    fleet,
    repeated(async () => taken.push((await collect(collector, process, pods)).milliseconds)),
  );
  const bare = await period(
    fleet,
    repeated(() => requestAll(spreadOf(taken).median)),
  );
  return { quiet, watched, bare };
}

async function period(fleet: Fleet, run: () => Promise<unknown>): Promise<Period> {
  const [ownBefore, before] = await scrapes(fleet);
  await run();
  const [ownAfter, after] = await scrapes(fleet);
  return {
    own: checksBetween(ownBefore, ownAfter),
    neighbour: checksBetween(before, after),
    ofCollector: checksBetween(before, after, EXTRA),
  };
}

function scrapes({ collector, neighbour }: Fleet): Promise<[own: string, neighbour: string]> {
  return Promise.all([pageOf(collector, '/metrics'), pageOf(neighbour, '/metrics')]);
}

function checksBetween(before: string, after: string, type?: string): Checks {
  const latencies = between(readLatencies(before, type), readLatencies(after, type));
  return {
    p50: 1e3 * bucketQuantile(latencies, 0.5),
    p99: 1e3 * bucketQuantile(latencies, 0.99),
  };
}

/**
 * Resolves to a function that requests all reports, evenly over this many milliseconds, in a
 * separate process.
 */
async function startBareClient(
  stack: AsyncDisposableStack,
  { files, origin }: Fleet,
): Promise<(milliseconds: number) => Promise<unknown>> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const environment = { PORT: String(port), FLEETS: files.join(':'), ORIGIN: origin };
  await startNode(stack, [join(import.meta.dirname, 'bare-client.ts')], environment, url);
  return (milliseconds) => httpGet(`${url}?over=${Math.round(milliseconds)}`, LIMIT_MS);
}
