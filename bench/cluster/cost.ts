import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryPeak } from '../scale/memory-peak.ts';
import { usageOf } from '../support/usage.ts';
import { type Collection, collect, KEPT_MS, startPod } from './collect.ts';
import { startFleet } from './fleet.ts';

/** From the last collection until memory is read again, in milliseconds. */
const GIVEN_BACK_MS = 30_000;

/** What collections cost; memory in bytes. */
export type Cost = Readonly<{
  collections: readonly Collection[];
  rss: Readonly<{ before: number; peak: number; after: number }>;
}>;

/**
 * Makes one of `pods` pods, with the default check interval, collect the reports of all others
 * `times` times, each time as soon as the last collection is out of date.
 */
export async function measureCost(
  file: string,
  pods: number,
  times: number,
  { overTls, short }: Readonly<{ overTls: boolean; short: boolean }>,
): Promise<Cost> {
  await using stack = new AsyncDisposableStack();
  const { collector, neighbour } = await startFleet(stack, pods, overTls);
  await startPod(stack, file, neighbour, {});
  const process = await startPod(stack, file, collector, {});
  const pid = process.pid ?? 0;
  const before = usageOf(pid).rss;
  using memory = new MemoryPeak(pid);
  const collections: Collection[] = [];
  for (let i = 0; i < times; i += 1) {
    if (i > 0) await sleep(KEPT_MS);
    collections.push(await collect(collector, process, pods));
  }
  const peak = memory.read().peakRss;
  await sleep(short ? 0 : GIVEN_BACK_MS);
  return { collections, rss: { before, peak, after: usageOf(pid).rss } };
}
