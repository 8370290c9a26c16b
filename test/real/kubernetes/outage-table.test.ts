import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { TestModule } from 'vitest/node';
import type { Seen } from './outage.ts';
import { OutageTable } from './outage-table.ts';

const QUIET: Seen = {
  name: 'a node is drained',
  shown: [],
  alsoShown: [],
  verdict: [],
  alerts: [],
  healed: 1,
  resolved: undefined,
  falseAlarms: [],
};

const LOUD: Seen = {
  ...QUIET,
  name: 'a node, without power',
  shown: ['path_node-3 connect_done unreachable on 2, 11 s'],
  alsoShown: ['me_service connect_done on 1, 20 s'],
  verdict: ['node_unreachable node-3, 25 s'],
  alerts: ['KubenurseNodeUnreachable node-3, 49 s'],
  healed: 2,
  resolved: 40,
};

/** Writes what was seen in one run. */
function run(seen: readonly Seen[]): void {
  const tests = seen.map((outage) => ({ meta: () => ({ outage }) }));
  const module = { children: { allTests: () => tests } } as unknown as TestModule;
  new OutageTable().onTestRunEnd([module]);
}

test('OutageTable writes a row for each outage, and keeps those that were not played', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outage-table-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'page.md');
  const [begin, end] = ['<!-- written by npm run test:kubernetes: begin -->', '<!-- end -->'];
  writeFileSync(file, `# Page\n\n${begin}\n${end}\n\nAfter.\n`);
  vi.stubEnv('SCENARIO_TABLE', file);
  onTestFinished(() => void vi.unstubAllEnvs());

  run([LOUD, QUIET]);
  run([{ ...QUIET, shown: ['path_node-3 connect_done on 2, 9 s'], healed: 7 }]);

  expect(readFileSync(file, 'utf8').split('\n')).toEqual([
    '# Page',
    '',
    begin,
    '',
    '| what happens | checks that fail: event and cause, on how many nodes, after how many seconds | verdict | alert | s to heal |',
    '|---|---|---|---|--:|',
    '| a node, without power | `path_node-3 connect_done unreachable` on 2, 11 s<br>`me_service connect_done` on 1, 20 s, by chance | `node_unreachable node-3`, 25 s | `KubenurseNodeUnreachable node-3`, 49 s<br>resolved 40 s after the repair | 2 |',
    '| a node is drained | `path_node-3 connect_done` on 2, 9 s | nothing | nothing | 7 |',
    '',
    end,
    '',
    'After.',
    '',
  ]);
});
