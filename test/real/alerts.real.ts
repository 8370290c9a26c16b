import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadYaml } from '@kubernetes/client-node';
import { afterAll, expect, test } from 'vitest';
import { missingTools, tool } from '../../lab/tools/tool.ts';

const run = promisify(execFile);

const MONITORING = join(import.meta.dirname, '../../deploy/monitoring');
const PROMETHEUS_RULE = join(
  import.meta.dirname,
  '../../deploy/helm/kubenurse/files/prometheus-rule.yaml',
);
const RUNBOOKS = join(import.meta.dirname, '../../docs/runbooks');

/**
 * The tests simulate days of a cluster: the longest takes a quarter of a minute, and more alongside
 * other tests.
 */
const LIMIT_MS = 300_000;

const [missing] = missingTools(['promtool']);
const isMissing = missing !== undefined;
const reason = isMissing ? ` (${missing} is missing: npm run tools)` : '';

/**
 * Has `rules.yaml`, a rule file with what is below `spec` in the PrometheusRule, and the rules'
 * tests next to it.
 */
const folder = mkdtempSync(join(tmpdir(), 'kubenurse-rules-'));
afterAll(() => rmSync(folder, { recursive: true }));
const { spec } = loadYaml<{ spec: object }>(readFileSync(PROMETHEUS_RULE, 'utf8'));
writeFileSync(join(folder, 'rules.yaml'), JSON.stringify(spec));
cpSync(join(MONITORING, 'rules_test'), join(folder, 'rules_test'), { recursive: true });

test.skipIf(isMissing)(`promtool check rules accepts the rules${reason}`, async () => {
  const file = join(folder, 'rules.yaml');
  const { stdout } = await run(tool('promtool'), ['check', 'rules', '--lint-fatal', file]);
  expect(stdout).toContain('SUCCESS');
});

test.skipIf(isMissing)(
  `the file that kustomization.yaml describes is a rule file${reason}`,
  async () => {
    const kustomization = readFileSync(join(MONITORING, 'kustomization.yaml'), 'utf8');
    const [, command = ''] = /^# {3}(sed .*) > rules.yaml$/m.exec(kustomization) ?? [];
    const cwd = join(MONITORING, '../..');
    const { stdout } = await run('sh', ['-c', command], { cwd });
    expect(loadYaml(stdout)).toEqual(spec);
  },
);

test.skipIf(isMissing).each(readdirSync(join(folder, 'rules_test')))(
  `rules_test/%s: promtool test rules passes${reason}`,
  async (file) => {
    const path = join(folder, 'rules_test', file);
    const { stdout } = await run(tool('promtool'), ['test', 'rules', path]);
    expect(stdout).toContain('SUCCESS');
  },
  LIMIT_MS,
);

/**
 * The queries of a runbook: each begins at the margin, and continues indented or with a closing
 * parenthesis.
 */
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
