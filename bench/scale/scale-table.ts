import { STATUS_PERIOD_MS } from '../api-server/large-cluster.ts';
import { inBytes, listed } from '../api-server/load-table.ts';
import { quantile, spreadOf } from '../support/statistics.ts';
import { markdownTable, shownSpread } from '../support/table.ts';
import type { Run, Scale, Scaled } from './measure.ts';

const HOUR_MS = 3_600_000;

/** A row of the table: its label, and how to derive its cells from the runs. */
type Row = readonly [what: string, of: (scaled: Scaled) => string];

const ROWS: readonly Row[] = [
  ['RssAnon, MB', spread(({ rssAnon }) => rssAnon / 1_000_000, 1)],
  ['… its peak', spread(({ peakRssAnon }) => peakRssAnon / 1_000_000, 1)],
  ['RSS, MB', spread(({ rss }) => rss / 1_000_000, 1)],
  ['… its peak', spread(({ peakRss }) => peakRss / 1_000_000, 1)],
  ['start to first response, ms', spread(({ firstResponse }) => firstResponse, 0)],
  ['… to neighbours known, ms', spread(({ known }) => known, 0)],
  ['CPU until then, ms', spread(({ startCpu }) => startCpu * 1_000, 0)],
  ['CPU afterwards, ms per second', spread(({ cpu }) => cpu * 1_000, 1)],
  ['CPU per replaced pod, ms', spread(({ replacementCpu }) => replacementCpu * 1_000, 1)],
  ['requests at the start', ({ runs }) => listed(runs[0]?.requests ?? [])],
  ['… size of the lists', median(({ listBytes }) => listBytes)],
  ['traffic per status update of a node', ({ runs }) => inBytes(bytesAnUpdate(runs))],
  [
    '… of all nodes per hour, computed',
    ({ nodes, runs }) => inBytes((nodes * bytesAnUpdate(runs) * HOUR_MS) / STATUS_PERIOD_MS),
  ],
  ['traffic per replaced pod', median(({ replacements: { bytes, times } }) => bytes.pods / times)],
];

/** In Markdown. */
export function scaleTable({ scaled, choices }: Scale): string {
  return [
    markdownTable(
      ['', ...scaled.map(({ nodes, program }) => `${nodes} nodes: ${program}`)],
      ROWS.map(([what, of]) => [what, ...scaled.map(of)]),
    ),
    '',
    markdownTable(
      ['choosing neighbours', 'median, ms', 'p90, ms', 'first, ms'],
      choices.map(({ nodes, milliseconds: [first = Number.NaN, ...later] }) => [
        `among ${nodes}`,
        ...[quantile(later, 0.5), quantile(later, 0.9), first].map((ms) => ms.toFixed(2)),
      ]),
    ),
  ].join('\n');
}

function spread(of: (run: Run) => number, digits: number): Row[1] {
  return ({ runs }) => shownSpread(spreadOf(runs.map(of)), digits);
}

function median(of: (run: Run) => number): Row[1] {
  return ({ runs }) => inBytes(spreadOf(runs.map(of)).median);
}

/**
 * Over all runs, because there are few updates in small clusters. Less than a byte is a bookmark,
 * more or less.
 */
function bytesAnUpdate(runs: readonly Run[]): number {
  const times = runs.reduce((sum, { statusUpdates }) => sum + statusUpdates.times, 0);
  const bytes = runs.reduce((sum, { statusUpdates }) => sum + statusUpdates.bytes.nodes, 0);
  return Math.max(0, Math.floor(bytes / times));
}
