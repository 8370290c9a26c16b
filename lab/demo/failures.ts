import { isFine, type Report } from './watch.ts';

/** A check that fails with the same text is one failure, whichever nodes see it. */
export type Failure = Readonly<{
  check: string;
  text: string;
  since: number;
  nodes: readonly string[];
}>;

/** An error's text is cut after so many lines. */
const LINES_OF_TEXT = 3;
/** So many nodes are named. */
const MOST_NAMES = 6;

/** All failures, the one that began first first. */
export function failuresOf(reports: readonly Report[]): Failure[] {
  const failures = new Map<string, Failure>();
  for (const { node, answers } of reports) {
    for (const [check, answer] of answers) {
      if (isFine(answer)) continue;
      const { text } = answer;
      const key = `${check}\n${text}`;
      const same = failures.get(key) ?? { check, text, since: answer.since, nodes: [] };
      const since = Math.min(answer.since, same.since);
      failures.set(key, { ...same, since, nodes: [...same.nodes, node] });
    }
  }
  return [...failures.values()].sort((a, b) => a.since - b.since);
}

/** What fails, since when, on which of the `count` nodes, and the error's text below; no line longer than `columns`. */
export function describe(failure: Failure, count: number, columns: number): string[] {
  const { check, since, nodes } = failure;
  const named = nodes.slice(0, MOST_NAMES).join(', ');
  const others = nodes.length - MOST_NAMES;
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

/** Cuts what does not fit. */
export function cutTo(text: string, columns: number): string {
  if (text.length <= columns) return text;
  return columns > 0 ? `${text.slice(0, columns - 1)}…` : '';
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = text.replaceAll(/\s+/g, ' ').trim();
  while (rest.length > columns && lines.length < LINES_OF_TEXT - 1) {
    const space = rest.lastIndexOf(' ', columns);
    const end = space > 0 ? space : columns;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, cutTo(rest, columns)];
}
