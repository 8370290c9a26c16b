import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchmarkRun } from '../support/benchmark.ts';
import { quantile } from '../support/statistics.ts';
import { markdownTable } from '../support/table.ts';
import {
  type Attackable,
  MEMORY_LIMIT,
  scrape,
  startAttackable,
  startBeside,
} from './attacked-program.ts';
import { ATTACKS } from './attacks.ts';
import { between, bucketQuantile, readLatencies } from './check-latencies.ts';
import { buildClients, type Clients } from './client.ts';
import { cpuTime } from './cpu-time.ts';
import { startNode } from './node-process.ts';
import type { Served } from './packed-program.ts';

/**
 * Neighbours check from so many addresses, so many at once: each address every five seconds, as they do it. From one that is
 * seldom served, requests do not wait for others.
 */
const ADDRESSES = 60;
const AT_ONCE = 3;

/** How often each of those at once checks, in milliseconds. */
const NEIGHBOUR_MS = 250;

/** A check that takes longer fails, at a neighbour. Milliseconds. */
const CHECK_TIMEOUT_MS = 5_000;

/** Of each period. Only a long run measures beside an attack. */
const SECONDS = { short: 1, long: 15 };

/** How long memory may take to be back, in milliseconds. */
const BACK_MS = { short: 2_000, long: 60_000 };

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
 * of the processors, in a long run; `after`: memory when it was back, or a minute later. Bytes.
 */
export type Attacked = Readonly<{
  attack: string;
  quiet: Period;
  beside: Period | undefined;
  attacked: Period;
  after: number;
}>;

/**
 * What the program does under each attack, in the memory that the chart gives it: one program after another those over
 * HTTP, another one those over TLS. Throws when it ends or needs more memory, or when a neighbour's check or a scrape fails.
 */
export async function measureAttacks(file: string, run: BenchmarkRun): Promise<Attacked[]> {
  const { attacks = '' } = run.values;
  const chosen = attacks === '' ? Object.keys(ATTACKS) : attacks.split(',');
  const { true: overTls = [], false: overHttp = [] } = Object.groupBy(
    chosen,
    (name) => `${ATTACKS[name]?.over !== undefined}` as const,
  );
  return [
    ...(await measureGroup(file, overHttp, false, run)),
    ...(await measureGroup(file, overTls, true, run)),
  ];
}

async function measureGroup(
  file: string,
  attacks: readonly string[],
  overTls: boolean,
  { short, logProgress }: BenchmarkRun,
): Promise<Attacked[]> {
  if (attacks.length === 0) return [];
  await using stack = new AsyncDisposableStack();
  const clients = await buildClients(stack);
  const served = await startAttackable(stack, file, overTls);
  const other = short ? undefined : await startBeside(stack, file, overTls);
  await sleep(1_000);
  const results: Attacked[] = [];
  for (const attack of attacks) {
    logProgress(`attack: ${attack}`);
    results.push(await measure(served, other, attack, clients, short));
  }
  return results;
}

async function measure(
  served: Attackable,
  other: Attackable | undefined,
  attack: string,
  clients: Clients,
  short: boolean,
): Promise<Attacked> {
  const size = short ? 'short' : 'long';
  const measured = () => period(served, clients, SECONDS[size]);
  const quiet = await measured();
  const beside = other && (await underAttack(other, attack, measured));
  const attacked = await underAttack(served, attack, measured);
  const limit = performance.now() + BACK_MS[size];
  while (memoryOf(served) > 1.2 * quiet.memory && performance.now() < limit) await sleep(200);
  return { attack, quiet, beside, attacked, after: memoryOf(served) };
}

async function underAttack<T>(
  served: Attackable,
  attack: string,
  run: () => Promise<T>,
): Promise<T> {
  await using stack = new AsyncDisposableStack();
  await startNode(
    stack,
    [join(import.meta.dirname, 'attacker.ts'), String(served.attackedPort), attack],
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
  let checks = 0;
  const neighbours = async () => {
    while (!isOver()) {
      const address = `127.2.0.${1 + (checks++ % ADDRESSES)}`;
      const took = await clients.ask(served.port, '/alwayshappy', 1, 'new', address);
      if (Math.max(...took) > CHECK_TIMEOUT_MS) throw new Error(`a check took ${took} ms`);
      latencies.push(...took);
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
  await Promise.all([...Array.from({ length: AT_ONCE }, neighbours), prometheus(), watcher()]);
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

/** What the program has resident, in bytes. Throws when it has ended. */
function memoryOf({ process: { pid } }: Served): number {
  const [, kilobytes] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kilobytes === undefined) throw new Error('the program has ended');
  return 1024 * Number(kilobytes);
}

/** Of each attack: in quiet → beside it, in a long run → under it. */
export function attacksTable(results: readonly Attacked[]): string {
  const shown = (result: Attacked, what: keyof Period, digits: number, unit = 1) =>
    [result.quiet, result.beside, result.attacked]
      .filter((period) => period !== undefined)
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
