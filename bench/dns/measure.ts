import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DnsServer } from '../../lab/embedded/dns-server.ts';
import { PacketCapture } from '../fidelity/packet-capture.ts';
import { Probe } from '../fidelity/probe.ts';
import { INTERFACE, startTargets } from '../fidelity/targets.ts';

/**
 * How many checks there are: of names for which the name server is silent, of other names, and by
 * address.
 */
const CHECKS = { silent: 20, named: 5, addressed: 15 };

/** The first rounds of a process are slower: code is not yet compiled. */
const WARM_UP_ROUNDS = 3;

/** A probe's checks of one kind. All in milliseconds. */
export type Checked = Readonly<{
  program: string;
  isWithSilent: boolean;
  kind: 'named' | 'addressed';
  latencies: readonly number[];
  /**
   * When a connection began (its SYN), relative to the phase offset of the probe's rounds in the
   * interval.
   */
  begins: readonly number[];
  /**
   * How much longer or shorter than the interval it took from one connection of a check to its
   * next.
   */
  shifts: readonly number[];
}>;

export type Plan = Readonly<{
  programs: readonly string[];
  /** Milliseconds. */
  interval: number;
  rounds: number;
}>;

/**
 * Makes each program check with and without the silent names, all in every interval, one after
 * another.
 */
export async function measureDns(
  { programs, interval, rounds }: Plan,
  logProgress: (progress: string) => void,
): Promise<Checked[]> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'dns-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const targets = await startTargets(stack, folder);
  const capture = await PacketCapture.start(stack, folder, INTERFACE);

  const hosts = targets.hosts.slice(0, CHECKS.named + CHECKS.addressed);
  const silent = Array.from({ length: CHECKS.silent }, (_, index) => `silent-${index}.test`);
  const named = hosts
    .slice(0, CHECKS.named)
    .map((host, index) => ({ name: `a${index}.test`, host }));
  const server = await DnsServer.start({
    address: '127.0.0.1',
    port: 0,
    records: Object.fromEntries(named.map(({ name, host }) => [name, [host]])),
  });
  stack.defer(() => server.close());
  server.break('silent', silent);
  const resolvConf = join(folder, 'resolv.conf');
  await writeFile(resolvConf, `nameserver 127.0.0.1:${server.port}\n`);

  const probes = [];
  const variants = programs.flatMap((program) =>
    [true, false].map((isWithSilent) => ({ program, isWithSilent })),
  );
  for (const [index, { program, isWithSilent }] of variants.entries()) {
    const port = targets.port('http');
    const phaseOffset = index / (variants.length + 1);
    // The silent ones first: they could hold up whatever follows.
    const names = [...(isWithSilent ? silent : []), ...named.map(({ name }) => name)];
    const urls = [...names, ...hosts.slice(CHECKS.named)].map((host) => `http://${host}:${port}/`);
    const environment = { KUBENURSE_RESOLV_CONF: resolvConf };
    const probe = await Probe.start(stack, {
      file: program,
      urls,
      interval,
      phaseOffset,
      environment,
    });
    probes.push({
      program,
      isWithSilent,
      port,
      phaseOffset,
      probe,
      first: urls.length - hosts.length,
    });
  }
  const latencies = probes.map(() => hosts.map((): number[] => []));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    // In the last part of the interval no round begins.
    await sleep(interval - ((Date.now() + interval * 0.1) % interval));
    for (const [index, { probe, first }] of probes.entries()) {
      const { checks } = await probe.measurements();
      for (const { target, number, milliseconds } of checks) {
        if (number >= WARM_UP_ROUNDS) latencies[index]?.[target - first]?.push(milliseconds);
      }
    }
    if (round % 10 === 0) logProgress(`round ${round} of ${rounds}`);
  }
  const connections = await capture.stop();

  return probes.flatMap(({ program, isWithSilent, port, phaseOffset }, index) => {
    const of = (kind: 'named' | 'addressed', from: number, to: number): Checked => {
      const begun = hosts
        .slice(from, to)
        .map((host) =>
          (connections.get(`${host}:${port}`) ?? []).slice(WARM_UP_ROUNDS).map(({ syn }) => syn),
        );
      return {
        program,
        isWithSilent,
        kind,
        latencies: (latencies[index] ?? []).slice(from, to).flat(),
        begins: begun.flat().map((syn) => signed(syn - phaseOffset * interval, interval)),
        shifts: begun.flatMap((syns) =>
          syns.slice(1).map((syn, before) => signed(syn - (syns[before] ?? 0), interval)),
        ),
      };
    };
    return [of('named', 0, CHECKS.named), of('addressed', CHECKS.named, hosts.length)];
  });
}

/** The time modulo the interval, from minus half of it to half of it. */
function signed(time: number, interval: number): number {
  return ((((time + interval / 2) % interval) + interval) % interval) - interval / 2;
}
