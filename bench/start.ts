import { join } from 'node:path';
import { type Coverage, coverageOfPackages } from './start/coverage.ts';
import { type FirstResponse, firstResponse } from './start/first-response.ts';
import type { Benchmark } from './support/benchmark.ts';
import { wholeNumber } from './support/options.ts';
import { imageFlags, type MeasuredProgram, packed, unpacked } from './support/programs.ts';
import { spreadOf } from './support/statistics.ts';
import { markdownTable, shownSpread } from './support/table.ts';

const BARE = join(import.meta.dirname, 'start/bare.cjs');

const OPTIONS = { rounds: wholeNumber({ default: '9', min: 1, max: 1_000 }) };

type Starts = Readonly<{
  name: string;
  bytes: number | undefined;
  rounds: readonly FirstResponse[];
}>;
type Result = Readonly<{ starts: readonly Starts[]; coverage: readonly Coverage[] }>;

/**
 * Measures how long each program takes from its start to its first response, how much memory it
 * uses once it has been idle, and how much of the packed program runs at all.
 */
export const start: Benchmark<Result, typeof OPTIONS> = {
  summary: 'time to the first response, memory when idle, and how much of the program runs',
  options: OPTIONS,
  isOfPacked: true,
  run: async ({ short, values, logProgress }) => {
    const rounds = short ? 1 : values.rounds;
    const measured = programs().map((program) => ({ program, rounds: [] as FirstResponse[] }));
    for (let round = 1; round <= rounds; round += 1) {
      logProgress(`start: round ${round} of ${rounds}`);
      for (const each of measured) {
        each.rounds.push(await firstResponse(each.program, short ? 500 : 5_000));
      }
    }
    logProgress('start: measuring which code runs');
    return {
      starts: measured.map(({ program: { name, bytes }, rounds }) => ({ name, bytes, rounds })),
      coverage: await coverageOfPackages(short ? 2_000 : 20_000),
    };
  },
  table: ({ starts, coverage }) =>
    [
      markdownTable(
        ['', 'start to first response, ms', 'RSS, MB', 'anonymous, MB', 'file, KB'],
        starts.map(({ name, bytes, rounds }) => [
          name,
          shownSpread(spreadOf(rounds.map(({ milliseconds }) => milliseconds)), 0),
          shownSpread(spreadOf(rounds.map(({ rss }) => rss / 1e6)), 1),
          shownSpread(spreadOf(rounds.map(({ rssAnon }) => rssAnon / 1e6)), 1),
          bytes === undefined ? '' : (bytes / 1_000).toFixed(0),
        ]),
      ),
      markdownTable(
        ['package', 'KB, not minified', 'executed, KB', 'executed, %'],
        coverage.map(({ name, bytes, run }) => [
          name,
          (bytes / 1_000).toFixed(0),
          (run / 1_000).toFixed(0),
          ((100 * run) / bytes).toFixed(0),
        ]),
      ),
    ].join('\n\n'),
};

function programs(): MeasuredProgram[] {
  const flags = imageFlags();
  const [asInImage, fromSource] = [packed(), unpacked()];
  const file = asInImage.args.at(-1) ?? '';
  return [
    {
      ...asInImage,
      name: 'bare `node:http`, flags of the image',
      args: [...flags, BARE],
      bytes: undefined,
    },
    { ...asInImage, name: '**packed, flags of the image**' },
    { ...asInImage, name: 'packed, no flags', args: [file], environment: {} },
    { ...fromSource, name: '`src/main.ts`, no flags' },
  ];
}
