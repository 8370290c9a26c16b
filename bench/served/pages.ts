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

/** How often `/alive` is requested in a round while its results are fresh, and `/alwayshappy`. */
const ANSWERS = 5;

/** How long the first check of every neighbour may take. */
const KNOWN_LIMIT_MS = 60_000;

/** Past this age, in milliseconds, `/alive` takes results afresh. */
const STALE_MS = 3_100;

/** Between two answers, in milliseconds: longer than the rests of `/metrics`. */
const REST_MS = 150;

/** No check but those of `/alive`. */
const NO_ROUNDS = { KUBENURSE_CHECK_INTERVAL: '1h' };

/** `latency`: to the head of the answer, over a new connection; `cpu`: all that the program did. Milliseconds. */
type Answer = Readonly<{ latency: number; cpu: number }>;

/** Of each round. */
export type Pages = Readonly<{
  neighbours: number;
  /** In a scrape. */
  labelSets: number;
  answers: Readonly<Record<'empty' | 'refresh' | 'alive' | 'metrics', readonly Answer[]>>;
}>;

/** What `/metrics` and `/alive` take, with few neighbours and with many. */
export async function measurePages(
  file: string,
  { short, values, logProgress }: BenchmarkRun,
): Promise<Pages[]> {
  const size = short ? 'short' : 'long';
  const results: Pages[] = [];
  for (const neighbours of short ? [13] : (values.neighbours ?? '').split(',').map(Number)) {
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
  const { ask } = await buildClients(stack);
  const environment = await startNeighbours(stack, neighbours);
  const { process, port } = await startPacked(stack, file, { ...environment, ...NO_ROUNDS });
  const url = `http://127.0.0.1:${port}`;
  await until('every neighbour is known, and well', KNOWN_LIMIT_MS, async () => {
    const { status, body } = await httpGet(`${url}/alive`, KNOWN_LIMIT_MS);
    return status === 200 && JSON.parse(body).neighbourhood.length === neighbours;
  });
  const answer = async (path: string, times: number): Promise<Answer> => {
    const latencies: number[] = [];
    const before = cpuTime(process);
    for (let i = 0; i < times; i += 1) {
      await sleep(REST_MS);
      latencies.push(...(await ask(port, path, 1, 'new')));
    }
    return { latency: quantile(latencies, 0.5), cpu: (cpuTime(process) - before) / times };
  };
  const answers: Record<keyof Pages['answers'], Answer[]> = {
    empty: [],
    refresh: [],
    alive: [],
    metrics: [],
  };
  for (let round = -warmUp; round < rounds; round += 1) {
    await sleep(STALE_MS);
    const refresh = await answer('/alive', 1);
    const alive = await answer('/alive', ANSWERS);
    // The results of the refresh are added up by it.
    const metrics = await answer('/metrics', 1);
    const empty = await answer('/alwayshappy', ANSWERS);
    if (round < 0) continue;
    answers.empty.push(empty);
    answers.refresh.push(refresh);
    answers.alive.push(alive);
    answers.metrics.push(metrics);
  }
  const scrape = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(10_000) });
  return { neighbours, labelSets: labelSetsIn(await scrape.text()), answers };
}

/** A histogram counts once. */
function labelSetsIn(scrape: string): number {
  const lines = scrape.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.filter((line) => !/^\w+_(bucket|sum)\b/.test(line)).length;
}

/** Latency and CPU time of each page, by the number of neighbours. */
export function pagesTable(pages: readonly Pages[]): string {
  const rows = pages.flatMap(({ neighbours, labelSets, answers }) => {
    const row = (what: string, page: readonly Answer[]) => [
      what,
      ...(['latency', 'cpu'] as const).map((key) =>
        shownSpread(spreadOf(page.map((each) => each[key])), 1),
      ),
    ];
    return [
      row(`with ${neighbours} neighbours: \`/alwayshappy\`, which is empty`, answers.empty),
      row(`\`/metrics\`, ${labelSets} sets of labels`, answers.metrics),
      row('`/alive`', answers.alive),
      row('… with all checks taken afresh', answers.refresh),
    ];
  });
  return markdownTable(['page', 'latency, ms', 'CPU, ms'], rows);
}
