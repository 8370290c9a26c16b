import { fileURLToPath } from 'node:url';
import { run as runToEnd } from '../../lab/support/command.ts';
import { EVENTS_OF_A_REPLACEMENT, LargeCluster } from '../api-server/large-cluster.ts';
import { count, type Requests, type Share, shareOf } from '../api-server/load.ts';
import { type Period, periodOf } from '../api-server/period.ts';
import type { PerCollection } from '../api-server/server-metrics.ts';
import { type MeasuredProgram, packed, peer } from '../support/programs.ts';
import { usageOf } from '../support/usage.ts';
import { MemoryPeak, type Peak } from './memory-peak.ts';
import { type Probe, ProbePod } from './probe-pod.ts';

/** The default number of neighbours in both programs. */
const NEIGHBOURS = 10;
const CHOICE = fileURLToPath(new URL('choice.ts', import.meta.url));
const NO_EVENTS: PerCollection = { pods: 0, nodes: 0 };

/** How to measure. */
export type ScaleOptions = Readonly<{
  /** Numbers of nodes (2 or more), in ascending order. */
  sizes: readonly number[];
  /** How often each program is started in each cluster. */
  rounds: number;
  /** How long kubelets work once the neighbours are known. */
  milliseconds: number;
  /** How many pods are replaced after that. */
  replacements: number;
}>;

/** What one run of a program used, in milliseconds, bytes, and seconds of CPU. */
export type Run = Readonly<{
  firstResponse: number;
  /** From its start until it reported its neighbours, with all checks ok. */
  known: number;
  startCpu: number;
  /** At the end of the time in which kubelets worked. */
  rss: number;
  rssAnon: number;
  /** Per second of that time. */
  cpu: number;
  /** Per pod that was replaced after it. */
  replacementCpu: number;
  requests: readonly Requests[];
  /** Of lists, whether as lists or as the events that a watch begins with. */
  listBytes: number;
  statusUpdates: Share;
  replacements: Share;
}> &
  Peak;

/** All runs of one program in a cluster of `nodes` nodes. */
export type Scaled = Readonly<{ nodes: number; program: string; runs: readonly Run[] }>;

/** What was measured. */
export type Scale = Readonly<{
  scaled: readonly Scaled[];
  /** Milliseconds of each of many consecutive choices of kubenurse's neighbours. */
  choices: readonly Readonly<{ nodes: number; milliseconds: readonly number[] }>[];
}>;

/** A program, and what the API server sends because of it. */
type Subject = Readonly<{ program: MeasuredProgram; hearsStatusUpdates: boolean }>;

/**
 * Measures what kubenurse and the program in Go use in clusters of these sizes, each grown from the
 * one before. In each cluster the two run alternately. Needs separate namespaces
 * (own-namespace.ts).
 */
export async function measure(
  options: ScaleOptions,
  logProgress: (progress: string) => void,
): Promise<Scale> {
  const subjects: readonly Subject[] = [
    { program: packed(), hearsStatusUpdates: false },
    { program: peer(), hearsStatusUpdates: true },
  ];
  await using stack = new AsyncDisposableStack();
  const large = stack.adopt(await LargeCluster.start({ nodes: 0 }), (it) => it.close());
  const pod = await ProbePod.create(large, stack);
  const scaled: Scaled[] = [];
  const choices: { nodes: number; milliseconds: number[] }[] = [];
  for (const nodes of options.sizes) {
    logProgress(`writing ${nodes} nodes`);
    await large.grow(nodes);
    choices.push({ nodes, milliseconds: await chooseAmong(nodes) });
    logProgress(`${nodes} nodes, idle`);
    const happenings = new Happenings(large, pod, nodes, options);
    const without = {
      statusUpdates: await happenings.statusUpdates(1),
      replacements: await happenings.replacements(1),
    };
    const runs = subjects.map((): Run[] => []);
    for (let round = 1; round <= options.rounds; round++) {
      for (const [index, subject] of subjects.entries()) {
        logProgress(`${nodes} nodes, ${subject.program.name}, round ${round} of ${options.rounds}`);
        runs[index]?.push(await happenings.run(subject, without));
      }
    }
    for (const [index, { program }] of subjects.entries()) {
      scaled.push({ nodes, program: program.name, runs: runs[index] ?? [] });
    }
  }
  return { scaled, choices };
}

type Changes = Readonly<{ writes: number; period: Period }>;

/** What happens in a cluster of `nodes` nodes, the same in each run. */
class Happenings {
  readonly #large: LargeCluster;
  readonly #pod: ProbePod;
  readonly #nodes: number;
  readonly #options: ScaleOptions;

  constructor(large: LargeCluster, pod: ProbePod, nodes: number, options: ScaleOptions) {
    this.#large = large;
    this.#pod = pod;
    this.#nodes = nodes;
    this.#options = options;
  }

  async run(
    { program, hearsStatusUpdates }: Subject,
    without: Readonly<{ statusUpdates: Changes; replacements: Changes }>,
  ): Promise<Run> {
    await using stack = new AsyncDisposableStack();
    let probe!: Probe;
    let peak!: MemoryPeak;
    let started = { known: 0, cpu: 0 };
    const start = await this.#during(async () => {
      probe = await this.#pod.run(program);
      stack.defer(() => probe.stop());
      peak = stack.use(new MemoryPeak(probe.pid));
      const known = await probe.known(Math.min(NEIGHBOURS, this.#nodes - 1));
      started = { known, cpu: usageOf(probe.pid).cpu };
      return NO_EVENTS;
    });
    const before = { at: performance.now(), ...usageOf(probe.pid) };
    const statusUpdates = await this.statusUpdates(hearsStatusUpdates ? 2 : 1);
    const settled = { at: performance.now(), ...usageOf(probe.pid) };
    const replacements = await this.replacements(2);
    const after = usageOf(probe.pid);
    return {
      firstResponse: probe.firstResponse,
      known: started.known,
      startCpu: started.cpu,
      ...peak.read(),
      rss: settled.rss,
      rssAnon: settled.rssAnon,
      cpu: ((settled.cpu - before.cpu) * 1_000) / (settled.at - before.at),
      replacementCpu: (after.cpu - settled.cpu) / replacements.writes,
      requests: count(start.requests, this.#pod.user),
      listBytes: total(start.server.listBytes) + total(start.server.watchBytes),
      statusUpdates: share(statusUpdates, without.statusUpdates),
      replacements: share(replacements, without.replacements),
    };
  }

  /**
   * Lets kubelets work. `watches`: the number of clients that are notified, including the API
   * server itself.
   */
  async statusUpdates(watches: number): Promise<Changes> {
    let writes = 0;
    const period = await this.#during(async () => {
      writes = await this.#large.keepStatuses(this.#options.milliseconds);
      return { pods: 0, nodes: writes * watches };
    });
    return { writes, period };
  }

  /** Replaces pods, one after another. */
  async replacements(watches: number): Promise<Changes> {
    const writes = this.#options.replacements;
    const period = await this.#during(async () => {
      for (let left = writes; left > 0; left -= this.#nodes - 1) {
        await this.#large.replacePods(Math.min(left, this.#nodes - 1));
      }
      return { pods: writes * EVENTS_OF_A_REPLACEMENT * watches, nodes: 0 };
    });
    return { writes, period };
  }

  #during(happens: () => Promise<PerCollection>): Promise<Period> {
    return periodOf(this.#large.cluster.parts.controlPlane, this.#pod.address, happens);
  }
}

function total({ pods, nodes }: PerCollection): number {
  return pods + nodes;
}

function share({ period, writes }: Changes, without: Changes): Share {
  return shareOf(period, without.period, writes);
}

/** Milliseconds of each choice, in Node with the flags of the image. */
async function chooseAmong(nodes: number): Promise<number[]> {
  const { command, args } = packed();
  const flags = args.filter((argument) => argument.startsWith('--'));
  return JSON.parse(await runToEnd([command, ...flags, CHOICE, `${nodes}`]));
}
