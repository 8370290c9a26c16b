import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compile } from '../support/compile.ts';
import { CLIENT_SOURCE, startClient } from './client.ts';
import { type Measurement, Probe } from './probe.ts';
import { INTERFACE, type Scheme, startTargets } from './targets.ts';
import { CAPTURE_SOURCE, type Connection, Wire } from './wire.ts';

/** So many targets, one round after another. */
export type Size = Readonly<{ scheme: Scheme; targets: number }>;

/** What is left of the interval for the probes to be asked in, when nobody measures, in milliseconds. */
const LEAST_QUIET_MS = 300;

/** The first rounds of a process are slower: code is not yet compiled. */
const WARM_UP_ROUNDS = 3;

/** How long a check took, in milliseconds, by who made it; and what was seen of it on the wire. */
export type Check = Readonly<{ took: number; wire: Connection }>;

/** What was measured of one size by one program, in milliseconds. */
export type Measured = Size &
  Readonly<{
    /** The file of a packed program, or `C`. */
    by: string;
    /** In the order in which they were made. */
    checks: readonly Check[];
  }>;

export type Plan = Readonly<{
  sizes: readonly Size[];
  programs: readonly string[];
  /** Milliseconds. */
  interval: number;
  rounds: number;
}>;

/**
 * Has each size be measured by C and by each program, all in every interval, one after the other: each has a part of
 * the interval to itself. Rejects when the interval has no room for all of them.
 */
export async function measure(
  plan: Plan,
  logProgress: (progress: string) => void,
): Promise<Measured[]> {
  const { interval, programs, rounds } = plan;
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'fidelity-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const client = await compile(CLIENT_SOURCE, folder, ['ssl', 'crypto']);
  const capture = await compile(CAPTURE_SOURCE, folder);
  const targets = await startTargets(stack, folder);
  const authority = join(folder, 'ca.crt');
  await writeFile(authority, targets.authority);
  const wire = await Wire.start(stack, capture, INTERFACE);

  const probes: { probe: Probe; measurements: Measurement[] }[] = [];
  const slots: (Size & {
    by: string;
    hosts: readonly string[];
    port: number;
    measurements: Measurement[];
  })[] = [];
  let begin = 0;
  for (const size of plan.sizes) {
    for (const by of ['C', ...programs]) {
      const { scheme } = size;
      const port = targets.port(scheme);
      const hosts = targets.hosts.slice(0, size.targets);
      const where = { port, hosts, interval, phaseOffset: begin / interval };
      begin += roomFor(size);
      if (by === 'C') {
        const trusted = scheme === 'https' ? authority : undefined;
        const measurements = startClient(stack, {
          ...where,
          program: client,
          authority: trusted,
          rounds: rounds + WARM_UP_ROUNDS,
        });
        slots.push({ ...size, by, hosts, port, measurements });
      } else {
        const urls = hosts.map((host) => `${scheme}://${host}:${port}/`);
        const environment = { KUBENURSE_EXTRA_CA: authority };
        const probe = await Probe.start(stack, { ...where, file: by, urls, environment });
        const measurements: Measurement[] = [];
        probes.push({ probe, measurements });
        slots.push({ ...size, by, hosts, port, measurements });
      }
    }
  }
  if (begin + LEAST_QUIET_MS > interval)
    throw new Error(`it takes an interval of ${begin + LEAST_QUIET_MS} ms`);

  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    await sleep(interval - ((Date.now() - begin) % interval));
    for (const { probe, measurements } of probes) {
      measurements.push(...(await probe.measurements()).checks);
    }
    if (round % 10 === 0) logProgress(`${round} of ${rounds} rounds`);
  }
  const connections = await wire.stop();

  return slots.map(({ scheme, targets, by, hosts, port, measurements }) => {
    const checks = measurements.flatMap(({ target, number, milliseconds: took }) => {
      const seen = connections.get(`${hosts[target]}:${port}`)?.[number];
      return number < WARM_UP_ROUNDS || seen === undefined ? [] : [{ took, wire: seen }];
    });
    return { scheme, targets, by, checks };
  });
}

/** How long nobody else measures, in milliseconds: twice what a round takes on a busy machine. */
function roomFor({ scheme, targets }: Size): number {
  return 60 + targets * (scheme === 'https' ? 6 : 1.5);
}
