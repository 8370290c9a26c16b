import { join } from 'node:path';
import type { Format } from '../exporters/exporter.ts';
import { run } from '../lab/support/command.ts';
import type { ScrapeCost } from './scrape/scraped-process.ts';
import type { Benchmark } from './support/benchmark.ts';
import { imageFlags } from './support/programs.ts';
import { type Spread, spreadOf } from './support/statistics.ts';
import { markdownTable, shownSpread } from './support/table.ts';

const PROGRAM = join(import.meta.dirname, 'scrape/scraped-process.ts');
const FORMATS = ['text', 'openmetrics'] as const;

/**
 * How many processes there are, and how many scrapes of each. The first scrapes after the one with
 * cold code are not counted.
 */
const SIZES = {
  short: { processes: 1, scrapes: 5, warmUp: 1 },
  long: { processes: 5, scrapes: 30, warmUp: 10 },
};

type Scrapes = Readonly<{
  sets: number;
  format: Format;
  /** Milliseconds of the first scrape of a process, and of later ones. */
  cold: Spread;
  warm: Spread;
  /** Bytes of V8's heap that a later scrape allocates, and of its response. */
  allocated: number;
  bytes: number;
}>;

/**
 * What a scrape costs with the image's flags: collecting what was recorded since the last one,
 * adding it up and writing it as bytes, in each format.
 */
export const scrape: Benchmark<Scrapes[]> = {
  summary: 'cost of a scrape, by format and number of label sets',
  run: async ({ short }) => {
    const results: Scrapes[] = [];
    for (const sets of [200, 2_000]) {
      for (const format of FORMATS) results.push(await measure(sets, format, short));
    }
    return results;
  },
  table: (results) =>
    markdownTable(
      ['label sets, format', 'cold, ms', 'warm, ms', 'allocated, KB', 'response, KB'],
      results.map(({ sets, format, cold, warm, allocated, bytes }) => [
        `${sets}, ${format}`,
        shownSpread(cold, 1),
        shownSpread(warm, 1),
        (allocated / 1_000).toFixed(0),
        (bytes / 1_000).toFixed(0),
      ]),
    ),
};

async function measure(sets: number, format: Format, short: boolean): Promise<Scrapes> {
  const { processes, scrapes, warmUp } = SIZES[short ? 'short' : 'long'];
  const first: number[] = [];
  const later: ScrapeCost[] = [];
  for (let i = 0; i < processes; i += 1) {
    const command = [process.execPath, ...imageFlags(), PROGRAM];
    const output = await run([...command, String(sets), format, String(scrapes)]);
    const [cold, ...others] = JSON.parse(output) as [ScrapeCost, ...ScrapeCost[]];
    first.push(cold.milliseconds);
    later.push(...others.slice(warmUp));
  }
  return {
    sets,
    format,
    cold: spreadOf(first),
    warm: spreadOf(later.map(({ milliseconds }) => milliseconds)),
    allocated: spreadOf(later.map(({ allocated }) => allocated)).median,
    bytes: later.at(-1)?.bytes ?? 0,
  };
}
