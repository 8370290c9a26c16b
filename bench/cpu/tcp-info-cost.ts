import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../support/statistics.ts';
import { during, SOURCE, startKubenurse, type Times } from './measured-programs.ts';
import type { Targets } from './targets.ts';
import type { TcpInfoTimes, TimedCall } from './timed-tcp-info.ts';

const TIMED = join(import.meta.dirname, 'timed-tcp-info.ts');

/** The cost of a call, in microseconds. */
export type CallCost = Readonly<{ mean: number; median: number }>;

/** What TCP_INFO costs, in microseconds: a read, a recorded value, and all of them per check. */
export type TcpInfoCost = Readonly<{ read: CallCost; value: CallCost; perCheck: number }>;

/** Measures each call in the program itself, after the warm-up. */
export async function tcpInfoCost(targets: Targets, times: Times): Promise<TcpInfoCost> {
  const folder = await mkdtemp(join(tmpdir(), 'kubenurse-bench-'));
  try {
    await using stack = new AsyncDisposableStack();
    const file = join(folder, 'times.json');
    const own = { TCP_INFO_TIMES: file };
    const flags = [`--import=${TIMED}`];
    const kubenurse = await startKubenurse(stack, SOURCE, targets, times, flags, own);
    const counts: number[] = [];
    let since = 0;
    await during([kubenurse], times, async () => {
      await sleep(times.warmUp);
      since = Date.now();
      counts.push(await kubenurse.checks());
      await sleep(times.lasts);
      counts.push(await kubenurse.checks());
    });
    // On SIGTERM the program exits by itself, and writes the times.
    await kubenurse.process.stop();
    const { reads, values }: TcpInfoTimes = JSON.parse(await readFile(file, 'utf8'));
    const [read, value] = [costOf(reads, since), costOf(values, since)];
    const [before = 0, after = 0] = counts;
    const perCheck = (read.sum + value.sum) / (after - before);
    return { read: read.each, value: value.each, perCheck };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function costOf(calls: readonly TimedCall[], since: number): { sum: number; each: CallCost } {
  const took = calls.filter(([at]) => at >= since).map(([, microseconds]) => microseconds);
  const sum = took.reduce((total, each) => total + each, 0);
  return { sum, each: { mean: sum / took.length, median: quantile(took, 0.5) } };
}
