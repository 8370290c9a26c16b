import { stateOf } from '../verdict/evidence.ts';
import { quantile } from '../verdict/quantile.ts';
import type { CheckReport, ClusterView, Report } from '../verdict/report.ts';
import { MANY, type Steps, stepsOf } from '../verdict/steps.ts';
import { latency, nodeNames, whole } from '../verdict/words.ts';
import { type FailingCheck, failingPathLines } from './failing-paths.ts';
import { paragraph, short, table } from './layout.ts';

const MAX_ROWS = 50;
const MAX_NAME = 36;

/** The key of the row of all paths; no check has this name. */
const PATHS = ' paths';

const HEADINGS = ['CHECKS', 'ok', 'failing', 'pending', 'median'];

/** A check over all nodes; all paths together are one row. */
type Row = { readonly counts: Record<CheckReport['state'], number> } & Readonly<{
  medians: number[];
  failing: FailingCheck[];
}>;

/** How many nodes see each check succeed or fail; paths together, and failing ones by node. */
export function* checkLines({ reports, now }: ClusterView): Steps<string[]> {
  const rows = yield* rowsOf(reports);
  const paths = rows.get(PATHS);
  // In the order of a report, with the paths last.
  if (rows.delete(PATHS) && paths) rows.set(PATHS, paths);
  const all = [...rows];
  const components: string[] = [];
  for (const [type, row] of all) {
    if (components.length >= MAX_ROWS) break;
    yield;
    if (type !== PATHS) components.push(...failing(type, row));
  }
  return [
    ...table([HEADINGS, ...all.slice(0, MAX_ROWS).map(([type, row]) => cells(type, row))]),
    ...(all.length > MAX_ROWS ? [`and ${whole(all.length - MAX_ROWS)} more`] : []),
    ...(components.length > 0 ? ['', ...components.slice(0, MAX_ROWS)] : []),
    ...(paths && paths.failing.length > 0
      ? ['', 'FAILING PATHS', ...(yield* failingPathLines(paths.failing, now))]
      : []),
  ];
}

/** One pass, without a list of all checks: a large cluster has tens of thousands. */
function* rowsOf(reports: readonly Report[]): Steps<Map<string, Row>> {
  const rows = new Map<string, Row>();
  const isStep = stepsOf(MANY);
  for (const report of reports) {
    if (isStep(report.checks.length)) yield;
    for (const check of report.checks) {
      const type = check.kind === 'path' ? PATHS : check.type;
      const row = rows.get(type) ?? emptyRow();
      rows.set(type, row);
      row.counts[check.state] += 1;
      const { medianSeconds } = check.lastMinute;
      if (medianSeconds !== null) row.medians.push(medianSeconds);
      if (check.state === 'failing') row.failing.push({ report, check });
    }
  }
  return rows;
}

function emptyRow(): Row {
  return { counts: { ok: 0, failing: 0, pending: 0 }, medians: [], failing: [] };
}

function cells(type: string, { counts, medians }: Row): string[] {
  return [
    short(type.trim(), MAX_NAME),
    ...[counts.ok, counts.failing, counts.pending].map(whole),
    medians.length === 0 ? '-' : latency(quantile(medians, 0.5)),
  ];
}

/** Where a component or an extra check fails, and the text of one of the failures. */
function failing(type: string, row: Row): string[] {
  const isConfirmed = ({ check }: FailingCheck) => stateOf(check) === false;
  return [
    ...failingLines(`${type} fails`, row.failing.filter(isConfirmed)),
    ...failingLines(
      `${type} failed once`,
      row.failing.filter((each) => !isConfirmed(each)),
    ),
  ];
}

function failingLines(what: string, failing: readonly FailingCheck[]): string[] {
  const [first] = failing;
  if (first === undefined) return [];
  const nodes = nodeNames(failing.map(({ report }) => report.node));
  return paragraph(`${what} on ${nodes}: ${first.check.text ?? ''}`, 0, 2);
}
