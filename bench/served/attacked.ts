import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet } from '../../lab/support/http-get.ts';
import { until } from '../../lab/support/until.ts';
import type { BenchmarkRun } from '../support/benchmark.ts';
import { quantile } from '../support/statistics.ts';
import { markdownTable } from '../support/table.ts';
import { ATTACKS } from './attacks.ts';
import { between, bucketQuantile, FINE_HISTOGRAM, readLatencies } from './check-latencies.ts';
import { buildClients, type Clients } from './client.ts';
import { cpuTime } from './cpu-time.ts';
import { startNeighbours } from './neighbours.ts';
import { startNode } from './node-process.ts';
import { type Served, startPacked } from './packed-program.ts';

const NEIGHBOURS = 10;

/** Often, for there to be enough checks: a round of eleven twice a second. */
const INTERVAL_MS = 500;

/** The chart's limit of memory, in bytes, and what V8 makes of it in a container: half of it for the heap. */
const MEMORY_LIMIT = 192 * 2 ** 20;
const HEAP_FLAGS = ['--max-old-space-size=96'];

const ADDRESSES = ['127.2.0.1', '127.2.0.2', '127.2.0.3'];

/** How often each neighbour checks, in milliseconds. */
const NEIGHBOUR_MS = 250;

const SECONDS = { short: 3, long: 15 };

/** How long memory may take to be back, in milliseconds. */
const BACK_MS = 60_000;

/** Milliseconds; `scrape`: the slowest; `cpu`: of each second; `memory`: the most, in bytes. */
type Period = Readonly<{
  own: number;
  p99: number;
  scrape: number;
  cpu: number;
  memory: number;
}>;

/**
 * `beside`: while another such program on this machine is attacked, so that the attacker and what it attacks take as much
 * of the processors; `after`: memory when it was back, or a minute later. Bytes.
 */
export type Attacked = Readonly<{
  attack: string;
  quiet: Period;
  beside: Period;
  attacked: Period;
  after: number;
}>;

/**
 * What the program does under each attack, in the memory that the chart gives it. Throws when it ends or needs more, or
 * when a neighbour's check or a scrape fails.
 */
export async function measureAttacks(
  file: string,
  { short, values, logProgress }: BenchmarkRun,
): Promise<Attacked[]> {
  await using stack = new AsyncDisposableStack();
  const clients = await buildClients(stack);
  const chosen = values.attacks === '' ? Object.keys(ATTACKS) : (values.attacks ?? '').split(',');
  const results: Attacked[] = [];
  for (const attack of chosen) {
    logProgress(`attack: ${attack}`);
    results.push(await measure(file, attack, clients, SECONDS[short ? 'short' : 'long']));
  }
  return results;
}

async function measure(
  file: string,
  attack: string,
  clients: Clients,
  seconds: number,
): Promise<Attacked> {
  await using stack = new AsyncDisposableStack();
  const served = await startPacked(
    stack,
    file,
    {
      ...(await startNeighbours(stack, NEIGHBOURS)),
      ...FINE_HISTOGRAM,
      KUBENURSE_CHECK_INTERVAL: `${INTERVAL_MS}ms`,
    },
    HEAP_FLAGS,
  );
  await until('the neighbours are checked', 20_000, async () =>
    (await scrape(served)).includes(`type="path_node-${NEIGHBOURS - 1}.`),
  );
  await sleep(1_000);
  const quiet = await period(served, clients, seconds);
  const measured = () => period(served, clients, seconds);
  const beside = await besideAttack(file, attack, measured);
  const attacked = await underAttack(served, attack, measured);
  const limit = performance.now() + BACK_MS;
  while (memoryOf(served) > 1.2 * quiet.memory && performance.now() < limit) await sleep(200);
  return { attack, quiet, beside, attacked, after: memoryOf(served) };
}

async function besideAttack<T>(file: string, attack: string, run: () => Promise<T>): Promise<T> {
  await using stack = new AsyncDisposableStack();
  const other = await startPacked(stack, file, {}, HEAP_FLAGS);
  return await underAttack(other, attack, run);
}

async function underAttack<T>(served: Served, attack: string, run: () => Promise<T>): Promise<T> {
  await using stack = new AsyncDisposableStack();
  await startNode(
    stack,
    [join(import.meta.dirname, 'attacker.ts'), String(served.port), attack],
    {},
    `http://127.0.0.1:${served.port}/alwayshappy`,
  );
  return await run();
}

async function period(served: Served, clients: Clients, seconds: number): Promise<Period> {
  const before = readLatencies(await scrape(served));
  const cpuBefore = cpuTime(served.process);
  const end = performance.now() + 1_000 * seconds;
  const isOver = () => performance.now() > end;
  const latencies: number[] = [];
  let [slowest, memory] = [0, 0];
  const neighbour = async (address: string) => {
    while (!isOver()) {
      latencies.push(...(await clients.ask(served.port, '/alwayshappy', 1, 'new', address)));
      await sleep(NEIGHBOUR_MS);
    }
  };
  const prometheus = async () => {
    while (!isOver()) {
      const begin = performance.now();
      await scrape(served);
      slowest = Math.max(slowest, performance.now() - begin);
      await sleep(500);
    }
  };
  const watcher = async () => {
    while (!isOver()) {
      memory = Math.max(memory, memoryOf(served));
      if (memory > MEMORY_LIMIT) throw new Error(`${memory} bytes of memory: out of its limit`);
      await sleep(20);
    }
  };
  await Promise.all([...ADDRESSES.map(neighbour), prometheus(), watcher()]);
  const cpu = (cpuTime(served.process) - cpuBefore) / seconds;
  const own = between(before, readLatencies(await scrape(served)));
  return {
    own: 1e3 * bucketQuantile(own, 0.5),
    p99: quantile(latencies, 0.99),
    scrape: slowest,
    cpu,
    memory,
  };
}

async function scrape({ port }: Served): Promise<string> {
  const { status, body } = await httpGet(`http://127.0.0.1:${port}/metrics`, 10_000);
  if (status !== 200) throw new Error(`/metrics answered ${status}`);
  return body;
}

/** What the program has resident, in bytes. Throws when it has ended. */
function memoryOf({ process: { pid } }: Served): number {
  const [, kilobytes] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kilobytes === undefined) throw new Error('the program has ended');
  return 1024 * Number(kilobytes);
}

/** Of each attack: in quiet → beside it → under it. */
export function attacksTable(results: readonly Attacked[]): string {
  const shown = (result: Attacked, what: keyof Period, digits: number, unit = 1) =>
    [result.quiet, result.beside, result.attacked]
      .map((period) => (period[what] / unit).toFixed(digits))
      .join(' → ');
  return markdownTable(
    [
      'attack',
      'p50 of own checks, ms',
      "p99 of a neighbour's, ms",
      'slowest scrape, ms',
      'CPU, ms a second',
      'most memory, MB',
      'after',
    ],
    results.map((result) => [
      result.attack,
      shown(result, 'own', 2),
      shown(result, 'p99', 1),
      shown(result, 'scrape', 0),
      shown(result, 'cpu', 0),
      shown(result, 'memory', 0, 1e6),
      (result.after / 1e6).toFixed(0),
    ]),
  );
}
