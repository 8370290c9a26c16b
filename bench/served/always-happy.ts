import type { BenchmarkRun } from '../support/benchmark.ts';
import { quantile, type Spread, spreadOf } from '../support/statistics.ts';
import { markdownTable, shownSpread } from '../support/table.ts';
import { buildClients } from './client.ts';
import { cpuTime } from './cpu-time.ts';
import { type Served, startBare, startPacked } from './packed-program.ts';

const SIZES = {
  short: { warmUp: 50, rounds: 2, requests: 50 },
  long: { warmUp: 2_000, rounds: 40, requests: 200 },
};

/** Of each round: the median latency and the CPU time per request, in microseconds. */
type Round = Readonly<{ latency: number; cpu: number }>;

export type AlwaysHappy = Readonly<{
  connections: 'new' | 'keep';
  packed: readonly Round[];
  bare: readonly Round[];
}>;

/**
 * Measures what `/alwayshappy` costs, which is part of every neighbour's measurement, compared with
 * Node's own server that sends the same.
 */
export async function measureAlwaysHappy(
  file: string,
  { short }: BenchmarkRun,
): Promise<AlwaysHappy[]> {
  await using stack = new AsyncDisposableStack();
  const clients = await buildClients(stack);
  const servers = {
    packed: await startPacked(stack, file),
    bare: await startBare(stack),
  };
  const size = SIZES[short ? 'short' : 'long'];
  const results: AlwaysHappy[] = [];
  for (const connections of ['new', 'keep'] as const) {
    const round = async ({ process, port }: Served): Promise<Round> => {
      const before = cpuTime(process);
      const times = await clients.request(port, '/alwayshappy', size.requests, connections);
      const cpu = (cpuTime(process) - before) / size.requests;
      return { latency: 1e3 * quantile(times, 0.5), cpu: 1e3 * cpu };
    };
    for (const { port } of [servers.packed, servers.bare]) {
      await clients.request(port, '/alwayshappy', size.warmUp, connections);
    }
    const packed: Round[] = [];
    const bare: Round[] = [];
    for (let i = 0; i < size.rounds; i += 1) {
      packed.push(await round(servers.packed));
      bare.push(await round(servers.bare));
    }
    results.push({ connections, packed, bare });
  }
  return results;
}

/** The rounds side by side, and how much more kubenurse took in each pair of them. */
export function alwaysHappyTable(results: readonly AlwaysHappy[]): string {
  const rows = results.flatMap(({ connections, packed, bare }) =>
    (['latency', 'cpu'] as const).map((what) => {
      const ours = packed.map((round) => round[what]);
      const theirs = bare.map((round) => round[what]);
      const more = ours.map((value, i) => 100 * (value / (theirs[i] ?? Number.NaN) - 1));
      return [
        `${connections === 'new' ? 'new connections' : 'keep-alive'}: ${what === 'cpu' ? 'CPU per request' : 'median latency'}, µs`,
        ...[ours, theirs, more].map((values) => shownSpread(middleOf(values), 0)),
      ];
    }),
  );
  return markdownTable(['`/alwayshappy`', 'packed', 'bare `node:http`', 'difference, %'], rows);
}

/**
 * The median, and the bounds of the middle half: whatever else the machine does disturbs single
 * rounds.
 */
function middleOf(values: readonly number[]): Spread {
  return { ...spreadOf(values), least: quantile(values, 0.25), greatest: quantile(values, 0.75) };
}
