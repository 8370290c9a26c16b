import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet } from '../../lab/support/http-get.ts';
import { until } from '../../lab/support/until.ts';
import type { BenchmarkRun } from '../support/benchmark.ts';
import { spreadOf } from '../support/statistics.ts';
import { markdownTable, shownSpread } from '../support/table.ts';
import { between, bucketQuantile, FINE_HISTOGRAM, readLatencies } from './check-latencies.ts';
import { buildClients, type Clients } from './client.ts';
import { cpuTime } from './cpu-time.ts';
import { startNeighbours } from './neighbours.ts';
import { type Served, startPacked } from './packed-program.ts';

const NEIGHBOURS = 10;
const PATHS = ['/alwayshappy', '/alive', '/metrics', '/', '/no-such-page'];
const RATE = 1_000;

/** Short, to get enough checks for a 99th percentile: a round of eleven ten times a second. */
const INTERVAL_MS = 100;

const SIZES = { short: { rounds: 1, seconds: 2 }, long: { rounds: 8, seconds: 8 } };

/** What the probe measured in a period, in milliseconds; `cpu`: per second. */
type Period = Readonly<{ checks: number; p50: number; p99: number; cpu: number }>;

export type Abuse = Readonly<{
  quiet: readonly Period[];
  abused: readonly Period[];
  responses: readonly Readonly<{ path: string; status: number; responses: number }>[];
}>;

/**
 * Measures what the probe measures while a client sends it a thousand requests per second, compared
 * with an idle server.
 */
export async function measureAbuse(
  file: string,
  { short, logProgress }: BenchmarkRun,
): Promise<Abuse> {
  await using stack = new AsyncDisposableStack();
  const clients = await buildClients(stack);
  const served = await startPacked(stack, file, {
    ...(await startNeighbours(stack, NEIGHBOURS)),
    ...FINE_HISTOGRAM,
    KUBENURSE_CHECK_INTERVAL: `${INTERVAL_MS}ms`,
  });
  const scrape = async () => readLatencies(await metricsOf(served));
  await until('the neighbours are checked', 20_000, async () =>
    (await metricsOf(served)).includes(`type="path_node-${NEIGHBOURS - 1}.`),
  );
  const { rounds, seconds } = SIZES[short ? 'short' : 'long'];
  const period = async (meanwhile: () => Promise<unknown>): Promise<Period> => {
    const [before, cpuBefore] = [await scrape(), cpuTime(served.process)];
    await meanwhile();
    const cpu = (cpuTime(served.process) - cpuBefore) / seconds;
    // A server that has been flooded may first have to serve the requests in its queue.
    const latencies = between(before, await scrape());
    return {
      checks: latencies.get(Infinity) ?? 0,
      p50: 1e3 * bucketQuantile(latencies, 0.5),
      p99: 1e3 * bucketQuantile(latencies, 0.99),
      cpu,
    };
  };
  const result = { quiet: [] as Period[], abused: [] as Period[] };
  const responses: Awaited<ReturnType<Clients['flood']>> = [];
  // A program that has just started is slower.
  await sleep(short ? 0 : 5_000);
  for (let round = 1; round <= rounds; round += 1) {
    logProgress(`abuse: round ${round} of ${rounds}`);
    result.quiet.push(await period(() => sleep(1_000 * seconds)));
    result.abused.push(
      await period(async () => {
        responses.push(
          ...(await clients.flood(served.port, { paths: PATHS, rate: RATE, seconds })),
        );
      }),
    );
  }
  return { ...result, responses: summed(responses) };
}

async function metricsOf({ port }: Served): Promise<string> {
  const { status, body } = await httpGet(`http://127.0.0.1:${port}/metrics`, 10_000);
  if (status !== 200) throw new Error(`/metrics responded with ${status}`);
  return body;
}

function summed(responses: Abuse['responses']): Abuse['responses'] {
  return [...Map.groupBy(responses, ({ path, status }) => `${path} ${status}`).values()].flatMap(
    (same) =>
      same.slice(0, 1).map((one) => ({
        ...one,
        responses: same.reduce((sum, { responses }) => sum + responses, 0),
      })),
  );
}

/** What the probe measured, and what the abuser got. */
export function abuseTable({ quiet, abused, responses }: Abuse): string {
  const shown = (what: keyof Period, digits: number) => [
    ...[quiet, abused].map((periods) =>
      shownSpread(spreadOf(periods.map((period) => period[what])), digits),
    ),
    shownSpread(spreadOf(abused.map((period, i) => period[what] / (quiet[i]?.[what] ?? 0))), 1),
  ];
  return [
    markdownTable(
      ['the probe', 'quiet', 'under load', 'ratio'],
      [
        ['checks', ...shown('checks', 0)],
        ['p50 of a check, ms', ...shown('p50', 2)],
        ['p99 of a check, ms', ...shown('p99', 2)],
        ['CPU, ms per second', ...shown('cpu', 0)],
      ],
    ),
    markdownTable(
      ['request', 'status', 'responses'],
      responses.map(({ path, status, responses }) => [
        `\`${path}\``,
        status === 0 ? 'none' : String(status),
        String(responses),
      ]),
    ),
  ].join('\n\n');
}
