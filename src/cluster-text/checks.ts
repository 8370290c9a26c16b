import { quantile } from '../verdict/quantile.ts';
import type { CheckReport, ClusterView, Report } from '../verdict/report.ts';
import { latency, names } from '../verdict/words.ts';
import { firstOf, paragraph, short, table } from './layout.ts';
import { since } from './times.ts';

const MAX_ROWS = 50;
const MAX_PATHS = 50;
const MAX_NAME = 36;

const HEADINGS = ['CHECKS', 'ok', 'failing', 'pending', 'median'];

/** A check as a node sees it. */
type Seen = Readonly<{ report: Report; check: CheckReport }>;

/** How many nodes see each check succeed or fail: paths together, and the failing ones one by one. */
export function checkLines({ reports, now }: ClusterView): string[] {
  const seen = reports.flatMap((report) => report.checks.map((check) => ({ report, check })));
  const byType = Map.groupBy(seen, ({ check: { kind, type } }) =>
    kind === 'path' ? 'paths' : kind === 'udp' ? 'paths by UDP' : type,
  );
  // In the order of a report, and the paths last.
  const paths = byType.get('paths') ?? [];
  byType.delete('paths');
  if (paths.length > 0) byType.set('paths', paths);
  const all = [...byType];
  const rows = all.slice(0, MAX_ROWS).map(([type, checks]) => row(type, checks));
  const components = all.flatMap(([type, checks]) =>
    type === 'paths' ? [] : failing(type, checks),
  );
  const failingPaths = paths.filter(({ check }) => check.state === 'failing');
  return [
    ...table([HEADINGS, ...rows]),
    ...(all.length > MAX_ROWS ? [`and ${all.length - MAX_ROWS} more`] : []),
    ...(components.length > 0 ? ['', ...components.slice(0, MAX_ROWS)] : []),
    ...(failingPaths.length > 0 ? ['', 'FAILING PATHS', ...pathLines(failingPaths, now)] : []),
  ];
}

function row(type: string, checks: readonly Seen[]): string[] {
  const count = (state: CheckReport['state']) =>
    checks.filter(({ check }) => check.state === state).length;
  const medians = checks.flatMap(({ check }) => check.lastMinute.medianSeconds ?? []);
  return [
    short(type, MAX_NAME),
    ...[count('ok'), count('failing'), count('pending')].map(String),
    medians.length === 0 ? '-' : latency(quantile(medians, 0.5)),
  ];
}

/** Where a component or an extra check fails, and the text of one of the failures. */
function failing(type: string, checks: readonly Seen[]): string[] {
  const all = checks.filter(({ check }) => check.state === 'failing');
  const [first] = all;
  if (first === undefined) return [];
  const nodes = names(all.map(({ report }) => report.node));
  return paragraph(`${type} fails on ${nodes}: ${first.check.text ?? ''}`, 0, 2);
}

/** The first to fail first. */
function pathLines(paths: readonly Seen[], now: number): string[] {
  const begin = ({ report, check }: Seen) =>
    check.since === null ? now : now - Math.max(0, report.reportedAt - check.since);
  const sorted = [...paths].sort((a, b) => begin(a) - begin(b));
  return firstOf(sorted, MAX_PATHS, (path) => {
    const { report, check } = path;
    const { cause, consecutive, text, node } = check;
    return [
      ...paragraph(`${report.node} -> ${node}`, 0, 2),
      ...paragraph(
        `${cause}, ${since(begin(path), now)}, ${consecutive} in a row: ${text ?? ''}`,
        2,
        4,
      ),
    ];
  });
}
