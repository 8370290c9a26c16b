import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet } from '../../lab/support/http-get.ts';
import { until } from '../../lab/support/until.ts';
import type { BenchmarkRun } from '../support/benchmark.ts';
import { quantile } from '../support/statistics.ts';
import { markdownTable } from '../support/table.ts';
import { measurePeriod, memoryOf, type Period } from './attacked-period.ts';
import { type Attackable, startAttackable, startAttackableBare } from './attacked-program.ts';
import { ATTACKING, ATTACKS } from './attacks.ts';
import { buildClients, type Clients } from './client.ts';
import { neighbourLatencies } from './neighbour-latencies.ts';
import { startProcess } from './node-process.ts';
import type { Served } from './packed-program.ts';
import { type Processors, shareProcessors } from './processors.ts';

const ATTACKER = join(import.meta.dirname, 'attacker.ts');

/**
 * The length of each period, unless the attack takes longer. Only a long run measures a quiet
 * period before each attack, and a bare server under it.
 */
const SECONDS = { short: 0.5, long: 4 };

/**
 * Before each quiet period, to let what the last attack has left be served or closed. Milliseconds.
 */
const SETTLE_MS = 1_000;

/** How long memory may take to return to normal, in milliseconds. */
const BACK_MS = { short: 0, long: 60_000 };

/**
 * `bare`: in a long run, a neighbour's p99 with Node's own server, which sends a body of the same
 * length under the same attack, in milliseconds; `after`: memory when it was back to normal, or a
 * minute later, in bytes.
 */
export type Attacked = Readonly<{
  attack: string;
  quiet: Period;
  attacked: Period;
  bare: number | undefined;
  after: number;
}>;

/**
 * Measures the program under each of these `ATTACKS`, with the chart's memory limit: one process
 * under those over HTTP, one after another, and another process under those over TLS. It has a
 * processor to itself, as if the attackers were on other nodes. Throws if it ends or needs more
 * memory, or if a neighbour's check or a scrape fails.
 */
export async function measureAttacks(
  file: string,
  attacks: readonly string[],
  run: BenchmarkRun,
): Promise<Attacked[]> {
  const { true: overTls = [], false: overHttp = [] } = Object.groupBy(
    attacks,
    (name) => `${ATTACKS[name]?.over !== undefined}` as const,
  );
  await using stack = new AsyncDisposableStack();
  const processors = shareProcessors(stack);
  return [
    ...(await measureGroup(file, overHttp, false, processors, run)),
    ...(await measureGroup(file, overTls, true, processors, run)),
  ];
}

async function measureGroup(
  file: string,
  attacks: readonly string[],
  overTls: boolean,
  processors: Processors,
  { short, logProgress }: BenchmarkRun,
): Promise<Attacked[]> {
  if (attacks.length === 0) return [];
  await using stack = new AsyncDisposableStack();
  const clients = await buildClients(stack);
  const served = await startAttackable(stack, file, overTls, processors.alone);
  const results: Attacked[] = [];
  const size = short ? 'short' : 'long';
  const measured = (seconds = SECONDS[size]) => measurePeriod(served, clients, seconds);
  await sleep(SETTLE_MS);
  const quietAtStart = short ? await measured() : undefined;
  for (const attack of attacks) {
    logProgress(`attack: ${attack}`);
    if (!short) await sleep(SETTLE_MS);
    const quiet = quietAtStart ?? (await measured());
    const bare = short ? undefined : await bareUnderAttack(served, clients, attack, processors);
    const seconds = short ? undefined : ATTACKS[attack]?.seconds;
    const attacked = await underAttack(served, clients, attack, processors, () =>
      measured(seconds),
    );
    const limit = performance.now() + BACK_MS[size];
    let after = await memoryOf(served);
    while (after > 1.2 * quiet.memory && performance.now() < limit) {
      await sleep(200);
      after = await memoryOf(served);
    }
    results.push({ attack, quiet, attacked, bare, after });
  }
  return results;
}

async function underAttack<T>(
  { attackedPort }: Pick<Attackable, 'attackedPort'>,
  clients: Clients,
  attack: string,
  { whenIdle }: Processors,
  run: () => Promise<T>,
): Promise<T> {
  await using stack = new AsyncDisposableStack();
  const { inC } = ATTACKS[attack] ?? {};
  const command = inC
    ? clients.attacker(attackedPort, inC)
    : [process.execPath, ATTACKER, String(attackedPort), attack];
  // Does not wait until the attacked server responds, which may take long.
  const attacker = await startProcess(stack, command, {}, undefined, whenIdle);
  await until('the attack begins', 30_000, () => {
    if (attacker.end !== undefined) throw new Error(`${attacker.end}: ${attacker.output}`);
    return attacker.output.includes(ATTACKING);
  });
  return await run();
}

/**
 * A neighbour's p99 with Node's own server under the same attack, in milliseconds; infinite if a
 * check fails.
 */
async function bareUnderAttack(
  { port }: Served,
  clients: Clients,
  attack: string,
  processors: Processors,
): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const [, path = '/alwayshappy'] = /^GET (\S+)/.exec(ATTACKS[attack]?.payload ?? '') ?? [];
  const { body } = await httpGet(`http://127.0.0.1:${port}${path}`, 10_000);
  const overTls = ATTACKS[attack]?.over !== undefined;
  const length = Buffer.byteLength(body);
  const bare = await startAttackableBare(stack, length, overTls, processors.alone);
  return await underAttack(bare, clients, attack, processors, async () => {
    const end = performance.now() + 1_000 * SECONDS.long;
    const isOver = () => performance.now() > end;
    const latencies = await neighbourLatencies(bare, clients, isOver).catch(() => [Infinity]);
    return quantile(latencies, 0.99);
  });
}

/** For each attack: in quiet → under attack. */
export function attacksTable(results: readonly Attacked[]): string {
  const shown = (result: Attacked, what: keyof Period, digits: number, unit = 1) =>
    [result.quiet, result.attacked]
      .map((period) => (period[what] / unit).toFixed(digits))
      .join(' → ');
  return markdownTable(
    [
      'attack',
      'p50 of own checks, ms',
      "p99 of a neighbour's, ms",
      '… of bare `node:http`',
      'slowest scrape, ms',
      'CPU, ms per second',
      'peak memory, MB',
      'memory afterwards, MB',
    ],
    results.map((result) => [
      result.attack,
      shown(result, 'own', 2),
      shown(result, 'p99', 1),
      result.bare === Infinity ? 'fails' : (result.bare?.toFixed(1) ?? ''),
      shown(result, 'scrape', 0),
      shown(result, 'cpu', 0),
      shown(result, 'memory', 0, 1e6),
      (result.after / 1e6).toFixed(0),
    ]),
  );
}
