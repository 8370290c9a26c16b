import { readFileSync, writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';
import type { Seen } from './outage.ts';

const BEGIN = '<!-- written by npm run test:kubernetes: begin -->\n';
const END = '<!-- end -->';
const HEADER = [
  '| what happens | checks that fail: event and cause, on how many nodes, after how many seconds | verdict | alert | s to heal |',
  '|---|---|---|---|--:|',
];

/**
 * Writes the outages that were seen as a table, between its marks in the file that SCENARIO_TABLE
 * names, and keeps the rows of those that were not played. Does nothing if it names none.
 */
export class OutageTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const file = process.env.SCENARIO_TABLE;
    if (file === undefined) return;
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const seen = tests.flatMap((test) => test.meta().outage ?? []);
    const text = readFileSync(file, 'utf8');
    const [before, rest = ''] = text.split(BEGIN);
    const end = rest.indexOf(END);
    const rows = new Map(rowsIn(rest.slice(0, end)).map((row) => [nameOf(row), row]));
    for (const each of seen) rows.set(each.name, rowOf(each));
    const table = [...HEADER, ...rows.values()].join('\n');
    writeFileSync(file, `${before}${BEGIN}\n${table}\n\n${rest.slice(end)}`);
  }
}

function rowsIn(table: string): string[] {
  return table.split('\n').filter((line) => line.startsWith('| ') && line !== HEADER[0]);
}

function nameOf(row: string): string {
  return row.split(' | ', 1)[0]?.slice(2) ?? '';
}

function rowOf({ name, shown, alsoShown, verdict, alerts, healed, resolved }: Seen): string {
  const checks = [...shown.map(code), ...alsoShown.map((text) => `${code(text)}, by chance`)];
  const isSeen = checks.length + verdict.length > 0;
  const ends = resolved === undefined ? [] : [`resolved ${resolved} s after the repair`];
  const cells = [checks, verdict.map(code), [...alerts.map(code), ...ends]].map((lines) =>
    lines.join('<br>'),
  );
  return `| ${[name, ...cells, isSeen ? healed : ''].map((cell) => cell || 'nothing').join(' | ')} |`;
}

/** Formats all before the first ` on <number>` or the last comma as code. */
function code(text: string): string {
  const [, what = text, rest = ''] = /^(.*?)( on \d.*|, \d+ s)$/.exec(text) ?? [];
  return `\`${what}\`${rest}`;
}
