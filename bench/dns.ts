import { type Checked, measureDns } from './dns/measure.ts';
import type { Benchmark } from './support/benchmark.ts';
import { list, number, programFile, wholeNumber } from './support/options.ts';
import { programName } from './support/programs.ts';
import { quantile } from './support/statistics.ts';
import { markdownTable } from './support/table.ts';

type Result = readonly (Readonly<{ by: string; checks: number }> &
  Record<'latency' | 'begin' | 'shift', Quantiles>)[];

/** Milliseconds. */
type Quantiles = Readonly<{ p1: number; p50: number; p99: number }>;

const OPTIONS = {
  interval: number({ default: '5', min: 1, max: 60, unit: 'seconds' }),
  rounds: wholeNumber({ default: '60', min: 1, max: 10_000 }),
  programs: list(programFile()),
};

/**
 * Measures how a name server that does not respond affects other checks: 20 checks of names for
 * which it is silent, alongside 5 of names for which it is not and 15 by address; and the latter
 * two alone.
 */
export const dns: Benchmark<Result, typeof OPTIONS> = {
  summary: 'effect of checks that wait for a silent name server on all other checks',
  options: OPTIONS,
  inOwnNamespace: true,
  run: async ({ short, values, logProgress }) => {
    const interval = short ? 1_000 : 1_000 * values.interval;
    const rounds = short ? 5 : values.rounds;
    const { programs } = values;
    return (await measureDns({ programs, interval, rounds }, logProgress)).map(rowOf);
  },
  table: (rows) =>
    markdownTable(
      [
        'checks (times in ms)',
        'latency: p50',
        'p99',
        'start within the round: p50',
        'p99',
        'deviation from the interval: p1',
        'p99',
        'checks',
      ],
      rows.map(({ by, latency, begin, shift, checks }) => [
        by,
        ...[latency.p50, latency.p99, begin.p50, begin.p99, shift.p1, shift.p99].map((number) =>
          number.toFixed(2),
        ),
        `${checks}`,
      ]),
    ),
};

function rowOf({
  program,
  isWithSilent,
  kind,
  latencies,
  begins,
  shifts,
}: Checked): Result[number] {
  const silent = isWithSilent ? 'with 20 hanging checks' : 'without hanging checks';
  return {
    by: `${programName(program)}: by ${kind === 'named' ? 'name' : 'address'}, ${silent}`,
    checks: latencies.length,
    latency: quantilesOf(latencies),
    begin: quantilesOf(begins),
    shift: quantilesOf(shifts),
  };
}

function quantilesOf(numbers: readonly number[]): Quantiles {
  const [p1 = Number.NaN, p50 = Number.NaN, p99 = Number.NaN] = [0.01, 0.5, 0.99].map((q) =>
    quantile(numbers, q),
  );
  return { p1, p50, p99 };
}
