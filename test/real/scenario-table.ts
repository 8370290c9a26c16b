import { readFileSync, writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import type { Finding } from '../../lab/cluster/scenario.ts';

const BEGIN = '<!-- written by npm run test:real: begin -->\n';
const END = '<!-- end -->';

/** `scenarios`: how often each scenario of one cluster was seen. */
type Row = Readonly<{ cluster: string; name: string; findings: Finding[] }>;

/**
 * Writes what the scenarios showed as a table, between its marks in the file that SCENARIO_TABLE
 * names. Does nothing if it names none.
 */
export class ScenarioTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const file = process.env.SCENARIO_TABLE;
    if (file === undefined) return;
    const rows = rowsOf(modules.flatMap((module) => [...module.children.allTests()]));
    const text = readFileSync(file, 'utf8');
    const [before, rest = ''] = text.split(BEGIN);
    const after = rest.slice(rest.indexOf(END));
    writeFileSync(file, `${before}${BEGIN}\n${tables(rows)}\n${after}`);
  }
}

function rowsOf(tests: readonly TestCase[]): Row[] {
  const rows = new Map<string, Row>();
  for (const test of tests) {
    const { finding } = test.meta();
    if (finding === undefined) continue;
    const cluster = test.parent.type === 'suite' ? test.parent.name : '';
    const name = finding.name.replace(/, run \d+$/, '');
    const row = rows.get(`${cluster} ${name}`) ?? { cluster, name, findings: [] };
    row.findings.push(finding);
    rows.set(`${cluster} ${name}`, row);
  }
  return [...rows.values()];
}

function tables(rows: readonly Row[]): string {
  return [...Map.groupBy(rows, ({ cluster }) => cluster)]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([cluster, itsRows]) => {
      const lines = itsRows.map(
        ({ name, findings }) =>
          `| ${findings.length > 1 ? `${name}, ${findings.length} runs` : name} | ${shown(findings)} | ${most(findings, 'secondsToShow')} | ${most(findings, 'secondsToHeal')} | ${alarms(findings)} |`,
      );
      return [
        `### ${cluster}`,
        '',
        '| what happens | check, event and cause that show it, on how many of the nodes | s to show | s to heal | false alarms |',
        '|---|---|--:|--:|--:|',
        ...lines,
        '',
      ].join('\n');
    })
    .join('\n');
}

function shown([finding]: readonly Finding[]): string {
  const pairs = finding?.shown ?? [];
  return pairs.length > 0
    ? pairs.map((pair) => `\`${pair.replace('|', ' or ').replace(' on ', '` on ')}`).join('<br>')
    : 'nothing';
}

function most(findings: readonly Finding[], time: 'secondsToShow' | 'secondsToHeal'): string {
  const times = findings.flatMap((finding) => finding[time] ?? []);
  return times.length > 0 ? Math.max(...times).toFixed(1) : '';
}

function alarms(findings: readonly Finding[]): number {
  return findings.reduce((sum, { falseAlarms }) => sum + falseAlarms.length, 0);
}
