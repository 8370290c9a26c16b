import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../support/statistics.ts';
import { type Attackable, MEMORY_LIMIT, scrape } from './attacked-program.ts';
import { between, bucketQuantile, readLatencies } from './check-latencies.ts';
import type { Clients } from './client.ts';
import { cpuTime } from './cpu-time.ts';
import { neighbourLatencies } from './neighbour-latencies.ts';
import { socketMemory } from './socket-memory.ts';

/**
 * Some seconds of a program, in milliseconds. `own`: p50 of its checks; `p99`: of a neighbour's;
 * `scrape`: the slowest; `cpu`: per second; `memory`: the peak, in bytes.
 */
export type Period = Readonly<{
  own: number;
  p99: number;
  scrape: number;
  cpu: number;
  memory: number;
}>;

/**
 * Measures for `seconds`. Throws if the program ends or needs too much memory, or if a neighbour's
 * check or a scrape fails.
 */
export async function measurePeriod(
  served: Attackable,
  clients: Clients,
  seconds: number,
): Promise<Period> {
  const before = readLatencies(await scrape(served));
  const cpuBefore = cpuTime(served.process);
  const end = performance.now() + 1_000 * seconds;
  const isOver = () => performance.now() > end;
  let [slowest, memory] = [0, 0];
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
      memory = Math.max(memory, await memoryOf(served));
      if (memory > MEMORY_LIMIT) throw new Error(`${memory} bytes of memory: out of its limit`);
      await sleep(50);
    }
  };
  const [latencies] = await Promise.all([
    neighbourLatencies(served, clients, isOver),
    prometheus(),
    watcher(),
  ]);
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

/**
 * The program's resident memory, and what the kernel holds for its connections, in bytes. Throws if
 * the program has ended.
 */
export async function memoryOf({
  process: { pid },
  port,
  attackedPort,
}: Attackable): Promise<number> {
  const sockets = await socketMemory([...new Set([port, attackedPort])]);
  const [, kilobytes] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kilobytes === undefined) throw new Error('the program has ended');
  return 1024 * Number(kilobytes) + sockets;
}
