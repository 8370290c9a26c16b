import { httpGet } from '../../lab/support/http-get.ts';
import type { ServerProcess } from '../../lab/support/server-process.ts';
import { until } from '../../lab/support/until.ts';
import { FINE_HISTOGRAM } from '../served/check-latencies.ts';
import { cpuTime } from '../served/cpu-time.ts';
import { startPacked } from '../served/packed-program.ts';
import { DOWN, type FleetProbe } from './fleet.ts';

/** How long a collection is kept, plus a little, in milliseconds. */
export const KEPT_MS = 5_500;

/** How long a page may take before a benchmark gives up on it, in milliseconds. */
const LIMIT_MS = 30_000;

/** `milliseconds`: until the page has arrived; `cpu`: of the pod, in milliseconds. */
export type Collection = Readonly<{ milliseconds: number; cpu: number; reports: number }>;

/**
 * Starts the program as this pod, and waits until it has checked its neighbours. It ends with the
 * stack.
 */
export async function startPod(
  stack: AsyncDisposableStack,
  file: string,
  probe: FleetProbe,
  environment: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const own = { ...probe.environment, ...FINE_HISTOGRAM, ...environment };
  const { process } = await startPacked(stack, file, own);
  await until('the neighbours are checked', LIMIT_MS, async () =>
    (await pageOf(probe, '/metrics')).includes('type="path_node-'),
  );
  return process;
}

export async function pageOf({ url }: FleetProbe, path: string): Promise<string> {
  return (await httpGet(`${url}${path}`, LIMIT_MS)).body;
}

/**
 * Makes the pod collect the reports of all others, of `pods` pods. Rejects if the verdict is wrong.
 */
export async function collect(
  probe: FleetProbe,
  process: ServerProcess,
  pods: number,
): Promise<Collection> {
  const [start, cpu] = [performance.now(), cpuTime(process)];
  const text = await pageOf(probe, '/cluster.txt');
  return {
    milliseconds: performance.now() - start,
    cpu: cpuTime(process) - cpu,
    reports: reportsIn(text, pods),
  };
}

/** Findings that are true on a machine that is busy with something else. */
const BUSY = /too little CPU|slow/;

/** Findings that are also true if a collection has run out of time. */
const LATE = new RegExp(`No report from|^WARNING: Only|to ${DOWN} is broken`);

/**
 * How many pods reported, according to the text. Throws unless the verdict is just that one pod
 * does not run.
 */
function reportsIn(text: string, pods: number): number {
  const [, reported, all] = /^([\d,]+) of ([\d,]+) pods reported\.$/m.exec(text) ?? [];
  const isLate = text.includes('ran out of time');
  const findings = text
    .split('\n')
    .filter((line) => /^(CRITICAL|WARNING|INFO): /.test(line) && !BUSY.test(line))
    .filter((line) => !(isLate && LATE.test(line)));
  const isDownNamed = findings[0]?.includes(`kubenurse on ${DOWN} does not`);
  const isRight = findings.length === 1 ? isDownNamed : isLate && findings.length === 0;
  if (reported === undefined || numberOf(all) !== pods || !isRight) {
    throw new Error(`not the truth:\n${text.slice(0, 3_000)}`);
  }
  return numberOf(reported);
}

/** Parses a number such as "5,000". */
function numberOf(text = ''): number {
  return Number(text.replaceAll(',', ''));
}
