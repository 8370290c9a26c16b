import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { missingTools, tool } from '../../lab/tools/tool.ts';

const run = promisify(execFile);

const MONITORING = join(import.meta.dirname, '../../deploy/monitoring');
const RUNBOOKS = join(import.meta.dirname, '../../docs/runbooks');

/** Days of a cluster are played, which takes the longest of them a quarter of a minute, and more beside other tests. */
const LIMIT_MS = 300_000;

const [missing] = missingTools(['promtool']);
const isMissing = missing !== undefined;
const reason = isMissing ? ` (${missing} is missing: npm run tools)` : '';

test.skipIf(isMissing)(`rules.yaml: promtool check rules accepts it${reason}`, async () => {
  const file = join(MONITORING, 'rules.yaml');
  const { stdout } = await run(tool('promtool'), ['check', 'rules', '--lint-fatal', file]);
  expect(stdout).toContain('SUCCESS');
});

const files = readdirSync(join(MONITORING, 'rules_test'));

test.skipIf(isMissing).each(files)(
  `rules_test/%s: promtool test rules passes${reason}`,
  async (file) => {
    const path = join(MONITORING, 'rules_test', file);
    const { stdout } = await run(tool('promtool'), ['test', 'rules', path]);
    expect(stdout).toContain('SUCCESS');
  },
  LIMIT_MS,
);

/** The queries of a runbook: each begins at the margin, and goes on indented or with a closing parenthesis. */
function queriesIn(page: string): string[] {
  const blocks = [...page.matchAll(/```promql\n(.+?)```/gs)].map(([, block]) => block ?? '');
  return blocks.flatMap((block) => block.replaceAll(/^#.*\n/gm, '').split(/\n(?![\s)]|$)/));
}

test.skipIf(isMissing)(`promtool accepts the queries of the runbooks${reason}`, async () => {
  const queries = readdirSync(RUNBOOKS).flatMap((file) =>
    queriesIn(readFileSync(join(RUNBOOKS, file), 'utf8')),
  );
  expect(queries.length).toBeGreaterThan(20);
  const rules = queries.map((expr, index) => ({ record: `query_${index}`, expr }));
  const checked = run(tool('promtool'), ['check', 'rules']);
  checked.child.stdin?.end(JSON.stringify({ groups: [{ name: 'runbooks', rules }] }));
  expect((await checked).stdout).toContain(`${queries.length} rules found`);
});
