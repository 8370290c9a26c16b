import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Check } from './measure.ts';
import { PacketCapture } from './packet-capture.ts';
import { type EventLoop, type Measurement, Probe, type Seen } from './probe.ts';
import { INTERFACE, startTargets } from './targets.ts';

const TARGETS = 15;
const INTERVAL_MS = 1_000;
const WARM_UP_ROUNDS = 3;
const BLOCK = join(import.meta.dirname, 'block.cjs');

/**
 * What was measured in the intervals in which the event loop was blocked, or in the others. In
 * milliseconds.
 */
export type HeldUp = Readonly<{
  isHeldUp: boolean;
  checks: readonly Check[];
  /** The means of what the program reports: kubenurse_event_loop_{delay,active}_seconds. */
  delay: number;
  active: number;
}>;

/** Blocks the probe's event loop in every second interval. */
export async function measureHeldUp(
  file: string,
  rounds: number,
  logProgress: (progress: string) => void,
): Promise<HeldUp[]> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'held-up-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const targets = await startTargets(stack, folder);
  const capture = await PacketCapture.start(stack, folder, INTERFACE);
  const hosts = targets.hosts.slice(0, TARGETS);
  const port = targets.port('http');
  const probe = await Probe.start(stack, {
    file,
    urls: hosts.map((host) => `http://${host}:${port}/`),
    interval: INTERVAL_MS,
    phaseOffset: 0.5,
    environment: { NODE_OPTIONS: `--require ${BLOCK}` },
  });

  const seen = [false, true].map((isHeldUp) => ({
    isHeldUp,
    measurements: [] as Measurement[],
    delays: [] as number[],
    actives: [] as number[],
  }));
  let isHeldUp = false;
  let last: EventLoop | undefined;
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const now = seen[Number(isHeldUp)];
    await sleep(INTERVAL_MS - (Date.now() % INTERVAL_MS));
    const { checks, eventLoop } = await probe.measurements();
    probe.signal('SIGUSR2');
    isHeldUp = !isHeldUp;
    if (now && last && round >= 0) {
      now.measurements.push(...checks);
      now.delays.push(meanSince(last.delay, eventLoop.delay));
      now.actives.push(meanSince(last.active, eventLoop.active));
    }
    last = eventLoop;
    if (round % 20 === 0)
      logProgress(`round ${round} of ${rounds}, event loop blocked in every second one`);
  }
  const connections = await capture.stop();
  return seen.map(({ isHeldUp, measurements, delays, actives }) => ({
    isHeldUp,
    delay: mean(delays),
    active: mean(actives),
    checks: measurements.flatMap(({ target, number, milliseconds: took, handshake, rtt }) => {
      const connection = connections.get(`${hosts[target]}:${port}`)?.[number];
      return connection ? [{ took, handshake, rtt, wire: connection }] : [];
    }),
  }));
}

/** In milliseconds. */
function meanSince(before: Seen, now: Seen): number {
  return (1_000 * (now.sum - before.sum)) / (now.count - before.count);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
