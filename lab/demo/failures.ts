import { isFine, type Report } from './watch.ts';

/** Identical failures of one check on several nodes. */
export type Failure = Readonly<{
  check: string;
  text: string;
  since: number;
  nodes: readonly string[];
}>;

/** How many lines of an error's text are shown; the rest is cut. */
const MAX_TEXT_LINES = 3;
/** How many nodes are named. */
const MAX_NAMES = 6;

/** All failures, the oldest first. */
export function failuresOf(reports: readonly Report[]): Failure[] {
  const failures = new Map<string, Failure>();
  for (const { node, results } of reports) {
    for (const [check, result] of results) {
      if (isFine(result)) continue;
      const { text } = result;
      const key = `${check}\n${text}`;
      const same = failures.get(key) ?? { check, text, since: result.since, nodes: [] };
      const since = Math.min(result.since, same.since);
      failures.set(key, { ...same, since, nodes: [...same.nodes, node] });
    }
  }
  return [...failures.values()].sort((a, b) => a.since - b.since);
}

/**
 * What fails, since when, on which of the `count` nodes, with the error's text below; no line is
 * longer than `columns`.
 */
export function describe(failure: Failure, count: number, columns: number): string[] {
  const { check, since, nodes } = failure;
  const named = nodes.slice(0, MAX_NAMES).join(', ');
  const others = nodes.length - MAX_NAMES;
  const where =
    nodes.length === count && count > 1
      ? `all ${count} nodes`
      : `${named}${others > 0 ? ` and ${others} more` : ''}`;
  const title = cutTo(`since ${clock(since)}  ${check}  on ${where}`, columns);
  return [title, ...wrap(failure.text, columns - 4).map((line) => `    ${line}`)];
}

/** The time of day, as on a clock, of milliseconds since the epoch: `12:00:05`. */
export function clock(time: number): string {
  return new Date(time).toTimeString().slice(0, 8);
}

/** Truncates text that does not fit. */
export function cutTo(text: string, columns: number): string {
  if (text.length <= columns) return text;
  return columns > 0 ? `${text.slice(0, columns - 1)}…` : '';
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = text.replaceAll(/\s+/g, ' ').trim();
  while (rest.length > columns && lines.length < MAX_TEXT_LINES - 1) {
    const space = rest.lastIndexOf(' ', columns);
    const end = space > 0 ? space : columns;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, cutTo(rest, columns)];
}
