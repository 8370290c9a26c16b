import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet } from '../../lab/support/http-get.ts';
import { until } from '../../lab/support/until.ts';
import type { BenchmarkRun } from '../support/benchmark.ts';
import { quantile, spreadOf } from '../support/statistics.ts';
import { markdownTable, shownSpread } from '../support/table.ts';
import { buildClients } from './client.ts';
import { cpuTime } from './cpu-time.ts';
import { startNeighbours } from './neighbours.ts';
import { startPacked } from './packed-program.ts';

const SIZES = { short: { warmUp: 0, rounds: 1 }, long: { warmUp: 3, rounds: 10 } };

/** How often `/alive`, while its results are fresh, and `/alwayshappy` are requested in a round. */
const REQUESTS = 5;

/** How long the first check of every neighbour may take. */
const KNOWN_LIMIT_MS = 60_000;

/** Past this age, in milliseconds, `/alive` refreshes its results. */
const STALE_MS = 3_100;

/** Between two requests, in milliseconds: longer than the rests of `/metrics`. */
const REST_MS = 150;

/** No checks but those of `/alive`. */
const NO_ROUNDS = { KUBENURSE_CHECK_INTERVAL: '1h' };

/**
 * `latency`: to the head of the response, over a new connection; `cpu`: all that the program did.
 * Milliseconds.
 */
type Cost = Readonly<{ latency: number; cpu: number }>;

/** The costs of each round. */
export type Pages = Readonly<{
  neighbours: number;
  /** In a scrape. */
  labelSets: number;
  costs: Readonly<Record<'empty' | 'refresh' | 'alive' | 'metrics', readonly Cost[]>>;
}>;

/** Measures what `/metrics` and `/alive` cost, with few neighbours and with many. */
export async function measurePages(
  file: string,
  sizes: readonly number[],
  { short, logProgress }: BenchmarkRun,
): Promise<Pages[]> {
  const size = short ? 'short' : 'long';
  const results: Pages[] = [];
  for (const neighbours of short ? [13] : sizes) {
    logProgress(`pages with ${neighbours} neighbours`);
    results.push(await measure(file, neighbours, SIZES[size]));
  }
  return results;
}

async function measure(
  file: string,
  neighbours: number,
  { warmUp, rounds }: { warmUp: number; rounds: number },
): Promise<Pages> {
  await using stack = new AsyncDisposableStack();
  const { request } = await buildClients(stack);
  const environment = await startNeighbours(stack, neighbours);
  const { process, port } = await startPacked(stack, file, { ...environment, ...NO_ROUNDS });
  const url = `http://127.0.0.1:${port}`;
  await until('every neighbour is known, and well', KNOWN_LIMIT_MS, async () => {
    const { status, body } = await httpGet(`${url}/alive`, KNOWN_LIMIT_MS);
    return status === 200 && JSON.parse(body).neighbourhood.length === neighbours;
  });
  const costOf = async (path: string, times: number): Promise<Cost> => {
    const latencies: number[] = [];
    const before = cpuTime(process);
    for (let i = 0; i < times; i += 1) {
      await sleep(REST_MS);
      latencies.push(...(await request(port, path, 1, 'new')));
    }
    return { latency: quantile(latencies, 0.5), cpu: (cpuTime(process) - before) / times };
  };
  const costs: Record<keyof Pages['costs'], Cost[]> = {
    empty: [],
    refresh: [],
    alive: [],
    metrics: [],
  };
  for (let round = -warmUp; round < rounds; round += 1) {
    await sleep(STALE_MS);
    const refresh = await costOf('/alive', 1);
    const alive = await costOf('/alive', REQUESTS);
    // This adds up the results of the refresh.
    const metrics = await costOf('/metrics', 1);
    const empty = await costOf('/alwayshappy', REQUESTS);
    if (round < 0) continue;
    costs.empty.push(empty);
    costs.refresh.push(refresh);
    costs.alive.push(alive);
    costs.metrics.push(metrics);
  }
  const scrape = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(10_000) });
  return { neighbours, labelSets: labelSetsIn(await scrape.text()), costs };
}

/** A histogram counts once. */
function labelSetsIn(scrape: string): number {
  const lines = scrape.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.filter((line) => !/^\w+_(bucket|sum)\b/.test(line)).length;
}

/** Latency and CPU time of each page, by the number of neighbours. */
export function pagesTable(pages: readonly Pages[]): string {
  const rows = pages.flatMap(({ neighbours, labelSets, costs }) => {
    const row = (what: string, page: readonly Cost[]) => [
      what,
      ...(['latency', 'cpu'] as const).map((key) =>
        shownSpread(spreadOf(page.map((each) => each[key])), 1),
      ),
    ];
    return [
      row(`with ${neighbours} neighbours: \`/alwayshappy\`, an empty response`, costs.empty),
      row(`\`/metrics\`, ${labelSets} label sets`, costs.metrics),
      row('`/alive`', costs.alive),
      row('… with all results refreshed', costs.refresh),
    ];
  });
  return markdownTable(['page', 'latency, ms', 'CPU, ms'], rows);
}
