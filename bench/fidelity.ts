import { type HeldUp, measureHeldUp } from './fidelity/hold-up.ts';
import { type Check, type Measured, measure, type Size } from './fidelity/measure.ts';
import type { Benchmark } from './support/benchmark.ts';
import { list, number, programFile, wholeNumber } from './support/options.ts';
import { programName } from './support/programs.ts';
import { quantile, type Spread, spreadOf } from './support/statistics.ts';
import { markdownTable, shownSpread } from './support/table.ts';

const SCHEMES = ['http', 'https'] as const;

const OPTIONS = {
  // No more than there are addresses (fidelity/targets.ts).
  targets: list(wholeNumber({ default: '1,15,100', min: 1, max: 100 })),
  interval: number({ default: '6', min: 1, max: 60, unit: 'seconds' }),
  rounds: wholeNumber({ default: '90', min: 1, max: 10_000 }),
  busy: list(wholeNumber({ default: '0', min: 0, max: 100 })),
  programs: list(programFile()),
};

/** How many consecutive parts of a run are compared, to show how far apart they are. */
const PARTS = 5;

/** Milliseconds. */
type Result = Readonly<{
  interval: number;
  rounds: number;
  measured: readonly Row[];
  heldUp: readonly HeldUpRow[];
}>;

type Row = Size &
  Readonly<{
    by: string;
    busyLoops: number;
    checks: number;
    handshake: Handshake;
  }> &
  Record<'took' | 'wire' | 'request' | 'added', Quantiles>;

/**
 * From SYN to SYN-ACK on the wire, and the absolute errors of the client's and the kernel's clock.
 */
type Handshake = Readonly<{ wire: Quantiles; own: Quantiles; kernel: Quantiles | undefined }>;

/** `own`: a check's mean time that was not spent waiting for the network. */
type HeldUpRow = Readonly<{
  isHeldUp: boolean;
  checks: number;
  delay: number;
  active: number;
  own: number;
}> &
  Record<'took' | 'network', Quantiles>;

/** Of the whole run, with the minimum and the maximum of its parts. */
type Quantiles = Readonly<{ p50: Spread; p99: Spread }>;

/**
 * How accurately the packed program measures: the latency that it reports, compared with those of a
 * client in C and of the stand-in in Go, and with the wire; how far the kernel's round-trip time is
 * from the wire; and what it reports about its event loop while this is blocked.
 */
export const fidelity: Benchmark<Result, typeof OPTIONS> = {
  summary: 'accuracy of the measured times, compared with clients in C and Go and with the wire',
  options: OPTIONS,
  tools: ['peer'],
  inOwnNamespace: true,
  run: async ({ short, values, logProgress }) => {
    const { programs } = values;
    const interval = short ? 2_500 : 1_000 * values.interval;
    const rounds = short ? 5 : values.rounds;
    const numbers = short ? [1, 15] : values.targets;
    const sizes: Size[] = SCHEMES.flatMap((scheme) =>
      numbers.map((targets) => ({ scheme, targets })),
    );
    const measured: Measured[] = [];
    for (const busyLoops of values.busy) {
      const plan = { sizes, busyLoops, programs, interval, rounds };
      measured.push(...(await measure(plan, logProgress)));
    }
    const heldUp = await measureHeldUp(programs[0] ?? '', short ? 4 : 60, logProgress);
    return { interval, rounds, measured: measured.map(rowOf), heldUp: heldUp.map(heldUpRowOf) };
  },
  table: ({ measured, heldUp }) =>
    [mainTable(measured), handshakeTable(measured), heldUpTable(heldUp)].join('\n\n'),
};

function mainTable(rows: readonly Row[]): string {
  return markdownTable(
    [
      'targets (times in ms)',
      'client',
      'reported: p50',
      'p99',
      'minus C: p50',
      'p99',
      'on the wire: p50',
      'p99',
      'SYN-ACK to request: p50',
      'reported minus wire: p50',
      'p99',
      'checks',
    ],
    rows.map((row) => {
      const { by, took, wire, request, added, checks } = row;
      const inC = rows.find((each) => isSame(each, row) && each.by === 'C');
      const moreThanInC = (['p50', 'p99'] as const).map((q) =>
        by === 'C' ? '' : (took[q].median - (inC?.took[q].median ?? 0)).toFixed(2),
      );
      return [
        title(row),
        clientName(by),
        shownSpread(took.p50, 2),
        shownSpread(took.p99, 2),
        ...moreThanInC,
        ...[wire.p50, wire.p99, request.p50, added.p50, added.p99].map(({ median }) =>
          median.toFixed(2),
        ),
        `${checks}`,
      ];
    }),
  );
}

function handshakeTable(rows: readonly Row[]): string {
  return markdownTable(
    [
      'targets (times in ms)',
      'client',
      'SYN to SYN-ACK on the wire: p50',
      'p99',
      "error of the client's clock: p50",
      'p99',
      "error of the kernel's RTT: p50",
      'p99',
      'checks',
    ],
    rows.map((row) => {
      const { wire, own, kernel } = row.handshake;
      return [
        title(row),
        clientName(row.by),
        ...[wire, own, kernel].flatMap((each) =>
          (['p50', 'p99'] as const).map((q) => each?.[q].median.toFixed(3) ?? ''),
        ),
        `${row.checks}`,
      ];
    }),
  );
}

function clientName(by: string): string {
  return by === 'Go' ? 'stand-in in Go' : programName(by);
}

function title({ targets, scheme, busyLoops }: Row): string {
  return `${targets} × ${scheme}${busyLoops > 0 ? `, ${busyLoops} busy loops` : ''}`;
}

function heldUpTable(rows: readonly HeldUpRow[]): string {
  return markdownTable(
    [
      'event loop (times in ms)',
      'reported: p50',
      'p99',
      'network: p50',
      'p99',
      "the probe's share: mean",
      'kubenurse_event_loop_active_seconds: mean',
      'kubenurse_event_loop_delay_seconds: mean',
      'checks',
    ],
    rows.map(({ isHeldUp, took, network, own, active, delay, checks }) => [
      isHeldUp ? 'repeatedly blocked for 5 ms' : 'not blocked',
      ...[took.p50, took.p99, network.p50, network.p99].map(({ median }) => median.toFixed(2)),
      own.toFixed(2),
      active.toFixed(2),
      delay.toFixed(2),
      `${checks}`,
    ]),
  );
}

function isSame(a: Row, b: Row): boolean {
  return a.scheme === b.scheme && a.targets === b.targets && a.busyLoops === b.busyLoops;
}

function rowOf({ scheme, targets, by, busyLoops, checks }: Measured): Row {
  return {
    scheme,
    targets,
    by,
    busyLoops,
    handshake: handshakeOf(checks),
    checks: checks.length,
    took: quantilesOf(checks, ({ took }) => took),
    wire: quantilesOf(checks, ({ wire }) => wire.response),
    request: quantilesOf(checks, ({ wire }) => wire.request - wire.synAck),
    added: quantilesOf(checks, ({ took, wire }) => took - wire.response),
  };
}

function handshakeOf(checks: readonly Check[]): Handshake {
  const fromWire = (read: (check: Check) => number) =>
    quantilesOf(checks, (check) => Math.abs(read(check) - check.wire.synAck));
  return {
    wire: quantilesOf(checks, ({ wire }) => wire.synAck),
    own: fromWire(({ handshake }) => handshake),
    kernel: checks.every(({ rtt }) => rtt === undefined)
      ? undefined
      : fromWire(({ rtt = Number.NaN }) => rtt),
  };
}

function heldUpRowOf({ isHeldUp, checks, delay, active }: HeldUp): HeldUpRow {
  const own = checks.reduce((sum, check) => sum + check.took - networkTime(check), 0);
  return {
    isHeldUp,
    checks: checks.length,
    delay,
    active,
    own: own / checks.length,
    took: quantilesOf(checks, ({ took }) => took),
    network: quantilesOf(checks, networkTime),
  };
}

/** For plain HTTP: from the SYN to its SYN-ACK, plus from the request to its response. */
function networkTime({ wire: { synAck, request, response } }: Check): number {
  return synAck + response - request;
}

function quantilesOf(checks: readonly Check[], read: (check: Check) => number): Quantiles {
  const numbers = checks.map(read);
  const size = Math.ceil(numbers.length / PARTS);
  const parts = Array.from({ length: PARTS }, (_, part) =>
    numbers.slice(part * size, (part + 1) * size),
  ).filter((part) => part.length > 0);
  const spread = (q: number) => ({
    ...spreadOf(parts.map((part) => quantile(part, q))),
    median: quantile(numbers, q),
  });
  return { p50: spread(0.5), p99: spread(0.99) };
}
