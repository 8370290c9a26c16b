import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmptyApiServer } from '../../lab/embedded/empty-api-server.ts';
import { OwnedProcess } from '../../lab/support/owned-process.ts';
import { compile } from '../support/compile.ts';
import { OptionError } from '../support/options.ts';
import { CLIENT_SOURCE, startClient } from './client.ts';
import { PacketCapture } from './packet-capture.ts';
import type { Connection } from './pcap.ts';
import { type Measurement, Probe } from './probe.ts';
import { INTERFACE, type Scheme, startTargets, type Targets } from './targets.ts';

/** How many targets to check per round, and how. */
export type Size = Readonly<{ scheme: Scheme; targets: number }>;

/**
 * The least remaining time of the interval, in milliseconds, in which no program measures and the
 * probes are scraped.
 */
const LEAST_QUIET_MS = 300;

/** The first rounds of a process are slower: code is not yet compiled. */
const WARM_UP_ROUNDS = 3;

/**
 * How long the stand-in in Go takes to start on a busy machine, in milliseconds. Its rounds begin
 * then.
 */
const GO_START_MS = 250;

/** The address (its last byte) of the first stand-in in Go; the others follow. */
const FIRST_GO_ADDRESS = 2;

/** A check as measured by the client, in milliseconds, and as seen on the wire. */
export type Check = Readonly<{
  took: number;
  /** The TCP handshake, by the client's clock and by the kernel's (probe.ts). */
  handshake: number;
  rtt: number | undefined;
  wire: Connection;
}>;

/** What one program measured for one size, in milliseconds. */
export type Measured = Size &
  Readonly<{
    /** The file of a packed program, `C`, or `Go`. */
    by: string;
    busyLoops: number;
    /** In the order in which they were made. */
    checks: readonly Check[];
  }>;

export type Plan = Readonly<{
  sizes: readonly Size[];
  /** How many loops compete for the processors meanwhile. */
  busyLoops: number;
  programs: readonly string[];
  /** Milliseconds. */
  interval: number;
  rounds: number;
}>;

/** Which client measures what, and where in the interval. */
type Slot = Size &
  Readonly<{
    by: string;
    hosts: readonly string[];
    port: number;
    /** Milliseconds. */
    begin: number;
    measurements: Measurement[];
  }>;

/**
 * Measures each size with C, with Go and with each program, all in every interval, one after
 * another: each has a part of the interval to itself. Rejects with an `OptionError` if the interval
 * is too short for all of them.
 */
export async function measure(
  plan: Plan,
  logProgress: (progress: string) => void,
): Promise<Measured[]> {
  const { interval, rounds, busyLoops } = plan;
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'fidelity-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const targets = await startTargets(stack, folder);
  const capture = await PacketCapture.start(stack, folder, INTERFACE);
  const { slots, end } = slotsOf(plan, targets);
  const probes = await startAll(stack, folder, targets.authority, plan, slots);
  for (let loop = 0; loop < busyLoops; loop++) startBusyLoop(stack);

  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    await sleep(interval - ((Date.now() - end) % interval));
    for (const [{ measurements }, probe] of probes) {
      measurements.push(...(await probe.measurements()).checks);
    }
    if (round % 10 === 0) logProgress(`round ${round} of ${rounds}, ${busyLoops} busy loops`);
  }
  const connections = await capture.stop();

  return slots.map((slot) => ({
    scheme: slot.scheme,
    targets: slot.targets,
    by: slot.by,
    busyLoops,
    checks: checksOf(slot, connections),
  }));
}

/** The measurements after the warm-up, each with its connection. */
function checksOf(
  { hosts, port, measurements }: Slot,
  connections: ReadonlyMap<string, readonly Connection[]>,
): Check[] {
  return measurements.flatMap(({ target, number, milliseconds: took, handshake, rtt }) => {
    const wire = connections.get(`${hosts[target]}:${port}`)?.[number];
    if (number < WARM_UP_ROUNDS || wire === undefined) return [];
    return [{ took, handshake, rtt, wire }];
  });
}

/** Throws an `OptionError` if the interval is too short for them. */
function slotsOf({ sizes, programs, interval }: Plan, targets: Targets) {
  const slots: Slot[] = [];
  let end = 0;
  for (const size of sizes) {
    for (const by of ['C', 'Go', ...programs]) {
      const port = targets.port(size.scheme);
      const hosts = targets.hosts.slice(0, size.targets);
      slots.push({ ...size, by, hosts, port, begin: end, measurements: [] });
      end += roomFor(size) + (by === 'Go' ? GO_START_MS : 0);
    }
  }
  if (end + LEAST_QUIET_MS > interval) {
    throw new OptionError(
      `--interval ${interval / 1_000}: these targets and programs require ${(end + LEAST_QUIET_MS) / 1_000} s or more`,
    );
  }
  return { slots, end };
}

/** What all clients are started with. */
type Common = Readonly<{
  stack: AsyncDisposableStack;
  plan: Plan;
  /** client.c, compiled. */
  client: string;
  kubeconfig: string;
  authorityFile: string;
}>;

/**
 * Starts the clients, until the stack is disposed of. Resolves to the probes that must be scraped.
 */
async function startAll(
  stack: AsyncDisposableStack,
  folder: string,
  authority: string,
  plan: Plan,
  slots: readonly Slot[],
): Promise<ReadonlyMap<Slot, Probe>> {
  const authorityFile = join(folder, 'ca.crt');
  await writeFile(authorityFile, authority);
  const common: Common = {
    stack,
    plan,
    client: await compile(CLIENT_SOURCE, folder, ['ssl', 'crypto']),
    kubeconfig: await startEmptyApiServer(stack, folder, '127.0.0.1'),
    authorityFile,
  };
  const { true: inC = [], false: probed = [] } = Object.groupBy(slots, ({ by }) => `${by === 'C'}`);
  const probes = new Map<Slot, Probe>();
  for (const slot of probed) probes.set(slot, await startProbe(common, slot, probes.size));
  // Last, because these make a fixed number of rounds from their start, and starting a stand-in in
  // Go takes an interval.
  for (const slot of inC) startInC(common, slot);
  return probes;
}

/** `index`: of the probe, from 0. */
async function startProbe(common: Common, slot: Slot, index: number): Promise<Probe> {
  const { stack, plan, kubeconfig, authorityFile } = common;
  const { interval } = plan;
  const { by, begin, scheme, hosts, port } = slot;
  const urls = hosts.map((host) => `${scheme}://${host}:${port}/`);
  const variables = { KUBENURSE_EXTRA_CA: authorityFile };
  if (by !== 'Go') {
    const phaseOffset = begin / interval;
    return Probe.start(stack, { file: by, interval, urls, phaseOffset, environment: variables });
  }
  await sleep((begin - (Date.now() % interval) + interval) % interval);
  const address = `127.0.0.${FIRST_GO_ADDRESS + index}`;
  const environment = { ...variables, KUBECONFIG: kubeconfig };
  return Probe.startGo(stack, { interval, urls, address, environment });
}

function startInC({ stack, plan, client, authorityFile }: Common, slot: Slot): void {
  const { begin, scheme, hosts, port, measurements } = slot;
  const authority = scheme === 'https' ? authorityFile : undefined;
  const phaseOffset = begin / plan.interval;
  const rounds = plan.rounds + WARM_UP_ROUNDS;
  const times = { interval: plan.interval, phaseOffset, rounds };
  startClient(stack, { ...times, program: client, hosts, port, authority }, measurements);
}

function startBusyLoop(stack: AsyncDisposableStack): void {
  const loop = new OwnedProcess(['sh', '-c', 'while :; do :; done'], {}, () => {});
  stack.defer(() => loop.stop());
}

/** How long nothing else measures, in milliseconds: twice what a round takes on a busy machine. */
function roomFor({ scheme, targets }: Size): number {
  return 60 + targets * (scheme === 'https' ? 6 : 1.5);
}
