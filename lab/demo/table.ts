import { clock, cutTo, describe, type Failure, failuresOf } from './failures.ts';
import { formatLatency } from './latencies.ts';
import { ALIVE, isFine, type Report } from './watch.ts';

/** Colours a text, if colours are supported. */
export type Paint = (colour: 'red' | 'green' | 'yellow' | 'bold', text: string) => string;

/** What the table shows, and in how much space. */
export type TableOptions = Readonly<{
  reports: readonly Report[];
  /** What is wrong with the cluster, one sentence each, the most general first. */
  verdict: readonly string[];
  /** The current faults: `node-3` → `down`. */
  faults: ReadonlyMap<string, string>;
  /** Whether every node has responded, and no check fails. */
  isAllFine: boolean;
  /** Milliseconds since the epoch. */
  now: number;
  columns: number;
  rows: number;
  paint: Paint;
}>;

const CHECKS = ['api_server_direct', 'api_server_dns', 'me_ingress', 'me_service'] as const;
const HEADERS = ['node', 'api direct', 'api dns', 'ingress', 'service', 'neighbours', 'broken'];
/**
 * For `node-50`, `ok 123 ms` and `10/10 ok 123 ms`, each with a space: 80 columns in all, 11 of
 * them for a fault.
 */
const WIDTHS = [9, 11, 11, 11, 11, 16, 11];
/** How many nodes are shown, whatever fails. */
const MIN_NODES = 5;
/** How many sentences of the verdict are shown. */
const MAX_FINDINGS = 3;

type Cell = Readonly<{ text: string; colour: 'red' | 'green' | 'yellow' }>;

/**
 * The state of the checks at a glance: a summary, the verdict, a line for each node, what is broken
 * on purpose, and every failure with its text. Never more lines than `rows`, none longer than
 * `columns`; what does not fit is counted.
 */
export function table(options: TableOptions): string[] {
  const { reports, faults, columns, rows, paint } = options;
  const failures = failuresOf(reports);
  const header = HEADERS.map((name, index) => name.padEnd(WIDTHS[index] ?? 0)).join('');
  const head = [
    '',
    summary(failures, options),
    ...verdictLines(options),
    '',
    paint('bold', cutTo(header.trimEnd(), columns)),
  ];
  const broken = [...faults].map(([part, name]) => `${part}:${name}`).join(', ');
  const line = paint('yellow', cutTo(`broken on purpose: ${broken}`, columns));
  const foot = faults.size > 0 ? ['', line] : [];

  const texts = failures.map((failure) => describe(failure, reports.length, columns));
  const room = rows - head.length - foot.length;
  const wanted = texts.length > 0 ? texts.flat().length + 1 : 0;
  const nodes = nodeLines(options, Math.max(MIN_NODES, room - wanted));
  const shown = texts.length > 0 ? ['', ...upTo(texts, room - nodes.length - 1)] : [];
  return [...head, ...nodes, ...foot, ...shown];
}

function summary(failures: readonly Failure[], options: TableOptions): string {
  const { reports, isAllFine, now, paint } = options;
  const nodes = reports.length === 1 ? '1 node' : `${reports.length} nodes`;
  const count = failures.reduce((sum, failure) => sum + failure.nodes.length, 0);
  const fails = paint('red', count === 1 ? '1 check fails' : `${count} checks fail`);
  const fine = isAllFine ? paint('green', 'all checks ok') : 'waiting for results';
  return `${clock(now)}  ${nodes}: ${count > 0 ? fails : fine}`;
}

function verdictLines({ verdict, columns, paint }: TableOptions): string[] {
  const more = verdict.length - MAX_FINDINGS;
  return [
    ...verdict.slice(0, MAX_FINDINGS).map((text) => paint('red', cutTo(`✕ ${text}`, columns))),
    ...(more > 0 ? [`… and ${more} more: see /cluster`] : []),
  ];
}

/**
 * At most `max` lines. If there are more nodes, those with failures take precedence, then broken
 * ones.
 */
function nodeLines(options: TableOptions, max: number): string[] {
  const { reports, faults } = options;
  if (reports.length <= max) return reports.map((report) => nodeLine(report, options));
  const fails = ({ results }: Report) => ![...results.values()].every(isFine);
  const urgency = (report: Report) => (fails(report) ? 2 : faults.has(report.node) ? 1 : 0);
  const urgent = reports.toSorted((a, b) => urgency(b) - urgency(a));
  const chosen = new Set(urgent.slice(0, max - 1));
  const omitted = urgent.slice(max - 1);
  const failing = omitted.filter(fails).length;
  return [
    ...reports.filter((report) => chosen.has(report)).map((report) => nodeLine(report, options)),
    `… and ${omitted.length} more nodes, ${failing > 0 ? `${failing} with failures` : 'without failures'}`,
  ];
}

function nodeLine(
  { node, results, latencies }: Report,
  { faults, columns, paint }: TableOptions,
): string {
  const silent = results.has(ALIVE);
  const cells: Cell[] = [
    { text: node, colour: 'green' },
    ...CHECKS.map((check, index): Cell => {
      if (silent) return { text: index === 0 ? 'no answer' : '', colour: 'red' };
      return checkCell(results.get(check)?.text, latencies.get(check));
    }),
    silent ? { text: '', colour: 'red' } : neighboursCell(results, latencies),
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

function checkCell(text: string | undefined, latency?: number): Cell {
  if (text === undefined) return { text: '-', colour: 'yellow' };
  if (text === 'ok') return { text: withLatency(text, latency), colour: 'green' };
  if (text === 'skipped') return { text, colour: 'yellow' };
  const [status] = /^[1-5]\d\d\b/.exec(text) ?? [];
  return { text: status ?? 'fails', colour: 'red' };
}

function withLatency(text: string, latency: number | undefined): string {
  return latency === undefined ? text : `${text} ${formatLatency(latency)}`;
}

/** How many of the neighbours were reached, and the slowest one's latency. */
function neighboursCell(results: Report['results'], latencies: Report['latencies']): Cell {
  if (results.size === 0) return { text: '-', colour: 'yellow' };
  const state = results.get('neighbourhood_state');
  if (state !== undefined && state.text !== 'ok') return checkCell(state.text);
  const paths = [...results].filter(([check]) => check.startsWith('path_'));
  const reached = paths.filter(([, result]) => isFine(result));
  const ok = reached.length;
  const slowest = reached.flatMap(([check]) => latencies.get(check) ?? []).sort((a, b) => b - a)[0];
  return {
    text: withLatency(`${ok}/${paths.length} ok`, slowest),
    colour: ok === paths.length ? 'green' : 'red',
  };
}

/** As many whole texts as fit into `lines`, and the number of the remaining ones. */
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
