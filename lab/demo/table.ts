import { clock, cutTo, describe, type Failure, failuresOf } from './failures.ts';
import { ALIVE, isFine, type Report } from './watch.ts';

/** Colours a text; leaves it as it is where there are to be no colours. */
export type Paint = (colour: 'red' | 'green' | 'yellow' | 'bold', text: string) => string;

/** What the table shows, and the room there is. */
export type TableOptions = Readonly<{
  reports: readonly Report[];
  /** What is broken on purpose: `node-3` → `down`. */
  faults: ReadonlyMap<string, string>;
  /** Whether everything was heard and is as it should be. */
  isAllFine: boolean;
  /** Milliseconds since the epoch. */
  now: number;
  columns: number;
  rows: number;
  paint: Paint;
}>;

const CHECKS = ['api_server_direct', 'api_server_dns', 'me_ingress', 'me_service'] as const;
const COLUMNS = ['node', ...CHECKS, 'neighbours', 'broken'] as const;
/** Wide enough for the name, and for `node-50` and `10/10 ok`. */
const WIDTHS = COLUMNS.map((name) => Math.max(name.length, 8) + 2);
/** At least so many nodes are shown, however much fails. */
const FEWEST_NODES = 5;

type Cell = Readonly<{ text: string; colour: 'red' | 'green' | 'yellow' }>;

/**
 * The state of the checks for a person at a glance: a summary, a line for each node, what is broken
 * on purpose, and every failure with its text. Never more lines than `rows`, none longer than
 * `columns`; what does not cutTo is counted.
 */
export function table(options: TableOptions): string[] {
  const { reports, faults, columns, rows, paint } = options;
  const failures = failuresOf(reports);
  const header = COLUMNS.map((name, index) => name.padEnd(WIDTHS[index] ?? 0)).join('');
  const head = [
    '',
    summary(failures, options),
    '',
    paint('bold', cutTo(header.trimEnd(), columns)),
  ];
  const broken = [...faults].map(([part, name]) => `${part}:${name}`).join(', ');
  const line = paint('yellow', cutTo(`broken on purpose: ${broken}`, columns));
  const foot = faults.size > 0 ? ['', line] : [];

  const texts = failures.map((failure) => describe(failure, reports.length, columns));
  const room = rows - head.length - foot.length;
  const wanted = texts.length > 0 ? texts.flat().length + 1 : 0;
  const nodes = nodeLines(options, Math.max(FEWEST_NODES, room - wanted));
  const shown = texts.length > 0 ? ['', ...upTo(texts, room - nodes.length - 1)] : [];
  return [...head, ...nodes, ...foot, ...shown];
}

function summary(failures: readonly Failure[], options: TableOptions): string {
  const { reports, isAllFine, now, paint } = options;
  const nodes = reports.length === 1 ? '1 node' : `${reports.length} nodes`;
  const count = failures.reduce((sum, failure) => sum + failure.nodes.length, 0);
  const fails = paint('red', count === 1 ? '1 check fails' : `${count} checks fail`);
  const fine = isAllFine ? paint('green', 'all checks ok') : 'not everything is known yet';
  return `${clock(now)}  ${nodes}: ${count > 0 ? fails : fine}`;
}

/** At most `most` lines; if there are more nodes, those that fail come first, then those that are broken. */
function nodeLines(options: TableOptions, most: number): string[] {
  const { reports, faults } = options;
  if (reports.length <= most) return reports.map((report) => nodeLine(report, options));
  const fails = ({ answers }: Report) => ![...answers.values()].every(isFine);
  const urgency = (report: Report) => (fails(report) ? 2 : faults.has(report.node) ? 1 : 0);
  const urgent = reports.toSorted((a, b) => urgency(b) - urgency(a));
  const chosen = new Set(urgent.slice(0, most - 1));
  const left = urgent.slice(most - 1);
  const failing = left.filter(fails).length;
  return [
    ...reports.filter((report) => chosen.has(report)).map((report) => nodeLine(report, options)),
    `… and ${left.length} more nodes, ${failing > 0 ? `${failing} of them fail` : 'none of them fails'}`,
  ];
}

function nodeLine({ node, answers }: Report, { faults, columns, paint }: TableOptions): string {
  const silent = answers.has(ALIVE);
  const cells: Cell[] = [
    { text: node, colour: 'green' },
    ...CHECKS.map((check, index): Cell => {
      if (silent) return { text: index === 0 ? 'no answer' : '', colour: 'red' };
      return checkCell(answers.get(check)?.text);
    }),
    silent ? { text: '', colour: 'red' } : neighboursCell(answers),
    { text: faults.get(node) ?? '', colour: 'yellow' },
  ];
  const last = cells.findLastIndex(({ text }) => text !== '');
  let line = '';
  let room = columns;
  for (const [index, { text, colour }] of cells.slice(0, last + 1).entries()) {
    const padded = index < last ? text.padEnd(WIDTHS[index] ?? 0) : text;
    const shown = cutTo(padded, room);
    line += index === 0 || text === '' ? shown : paint(colour, shown);
    room -= shown.length;
  }
  return line;
}

function checkCell(text: string | undefined): Cell {
  if (text === undefined) return { text: '-', colour: 'yellow' };
  if (text === 'ok') return { text, colour: 'green' };
  if (text === 'skipped') return { text, colour: 'yellow' };
  const [status] = /^[1-5]\d\d\b/.exec(text) ?? [];
  return { text: status ?? 'fails', colour: 'red' };
}

function neighboursCell(answers: Report['answers']): Cell {
  if (answers.size === 0) return { text: '-', colour: 'yellow' };
  const state = answers.get('neighbourhood_state');
  if (state !== undefined && state.text !== 'ok') return checkCell(state.text);
  const paths = [...answers].filter(([check]) => check.startsWith('path_'));
  const ok = paths.filter(([, answer]) => isFine(answer)).length;
  return { text: `${ok}/${paths.length} ok`, colour: ok === paths.length ? 'green' : 'red' };
}

/** Whole texts, as many as cutTo into so many lines, and how many are left out. */
function upTo(texts: readonly (readonly string[])[], lines: number): string[] {
  if (texts.flat().length <= lines) return texts.flat();
  const shown: string[] = [];
  for (const [index, text] of texts.entries()) {
    if (shown.length + text.length > lines - 1) {
      return lines > 0 ? [...shown, `… and ${texts.length - index} more failures`] : [];
    }
    shown.push(...text);
  }
  return shown;
}
