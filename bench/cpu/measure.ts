import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../lab/support/command.ts';
import { usageOf } from '../support/usage.ts';
import {
  during,
  type Measured,
  SOURCE,
  startBare,
  startKubenurse,
  type Times,
} from './measured-programs.ts';
import { type CpuProfile, partsOf } from './profile.ts';
import { startTargets, type Targets } from './targets.ts';
import { type TcpInfoCost, tcpInfoCost } from './tcp-info-cost.ts';

/** Maximum time from the start of an unpacked program to its first response, in milliseconds. */
const START_MS = 1_500;

/**
 * Ethernet's: with the loopback's 65,536 bytes, full-size packets are six times as long as between
 * nodes.
 */
const MTU = '1500';

/**
 * CPU time in milliseconds per check, including all else that the program does; memory in bytes at
 * the end.
 */
export type Cost = Readonly<{
  checks: number;
  user: number;
  system: number;
  rssAnon: number;
}>;

export type Cpu = Readonly<{
  kubenurse: Cost;
  bare: Cost;
  /** Milliseconds of the main thread per check, by part, in a run with the profiler. */
  parts: readonly (readonly [part: string, milliseconds: number])[];
  tcpInfo: TcpInfoCost;
}>;

/**
 * Makes the packed program and bare Node check the same targets at the same time, then profiles the
 * program. Must run in a network namespace.
 */
export async function measureCpu(
  program: string,
  times: Times,
  logProgress: (progress: string) => void,
): Promise<Cpu> {
  await using stack = new AsyncDisposableStack();
  await run(['ip', 'link', 'set', 'lo', 'mtu', MTU]);
  const targets = await startTargets(stack);
  logProgress('measuring the packed program and bare Node');
  const [kubenurse, bare] = await sideBySide(program, targets, times);
  logProgress('profiling the program');
  const parts = await profiled(targets, times);
  logProgress('measuring TCP_INFO');
  const tcpInfo = await tcpInfoCost(targets, times);
  return { kubenurse, bare, parts, tcpInfo };
}

async function sideBySide(
  program: string,
  targets: Targets,
  times: Times,
): Promise<[kubenurse: Cost, bare: Cost]> {
  await using stack = new AsyncDisposableStack();
  const kubenurse = await startKubenurse(stack, program, targets, times);
  const bare = await startBare(stack, targets, times);
  const before: Usages = [];
  const after: Usages = [];
  await during([kubenurse, bare], times, async () => {
    await sleep(times.warmUp);
    before.push(await usage(kubenurse), await usage(bare));
    await sleep(times.lasts);
    after.push(await usage(kubenurse), await usage(bare));
  });
  return [costOf(before[0], after[0]), costOf(before[1], after[1])];
}

/** Milliseconds of the main thread per check, in descending order, after the warm-up. */
async function profiled(targets: Targets, times: Times): Promise<[string, number][]> {
  const folder = await mkdtemp(join(tmpdir(), 'kubenurse-bench-'));
  try {
    await using stack = new AsyncDisposableStack();
    const flags = ['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${folder}`];
    const kubenurse = await startKubenurse(stack, SOURCE, targets, times, flags);
    const started = performance.now();
    let before = 0;
    let skip = 0;
    await during([kubenurse], times, async () => {
      await sleep(times.warmUp);
      before = await kubenurse.checks();
      skip = START_MS + performance.now() - started;
      await sleep(times.lasts);
    });
    const checks = (await kubenurse.checks()) - before;
    // On SIGTERM the program exits by itself, and writes the profile.
    await kubenurse.process.stop();
    const [file = ''] = await readdir(folder);
    const profile: CpuProfile = JSON.parse(await readFile(join(folder, file), 'utf8'));
    return [...partsOf(profile, skip)]
      .map(([part, milliseconds]): [string, number] => [part, milliseconds / checks])
      .toSorted(([, one], [, other]) => other - one);
  } finally {
    await rm(folder, { recursive: true });
  }
}

type Usages = Awaited<ReturnType<typeof usage>>[];

async function usage({ process, checks }: Measured) {
  return { checks: await checks(), ...usageOf(process.pid ?? 0) };
}

function costOf(before: Usages[number] | undefined, after: Usages[number] | undefined): Cost {
  if (before === undefined || after === undefined) throw new Error('a program was not measured');
  const checks = after.checks - before.checks;
  const perCheck = (seconds: number) => (seconds * 1_000) / checks;
  return {
    checks,
    user: perCheck(after.user - before.user),
    system: perCheck(after.system - before.system),
    rssAnon: after.rssAnon,
  };
}
