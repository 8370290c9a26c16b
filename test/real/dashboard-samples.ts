import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { readDashboard } from '../../lab/dashboards/dashboard-file.ts';
import { interpolate } from '../../lab/dashboards/variables.ts';
import { tool } from '../../lab/tools/tool.ts';

const run = promisify(execFile);

/** A series that promtool generates; `values` in its notation, a sample every 15 s. */
export type Input = Readonly<{ series: string; values: string }>;

/**
 * What a query of a panel returns after five minutes: the title, the index of the query, and the
 * samples.
 */
export type Expected = readonly [
  title: string,
  index: number,
  samples: readonly Readonly<{ labels: string; value: number }>[],
];

/** A series of one check of `node`. */
export function series(name: string, node: string, type: string, labels = ''): string {
  return `${name}{job="kubenurse",node="${node}",type="${type}"${labels}}`;
}

/**
 * Evaluates queries of a dashboard's panels with promtool, and expects these results. `chosen`:
 * values of its variables.
 */
export async function expectSamples(
  uid: string,
  input: readonly Input[],
  expected: readonly Expected[],
  chosen: Readonly<Record<string, string>> = {},
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'kubenurse-dashboards-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const { panels } = await readDashboard(uid);
  const values = { cluster: '', job: 'kubenurse', __rate_interval: '1m', ...chosen };
  const queries = expected.map(([title, index, samples]) => {
    const panel = panels.find((each) => each.title === title);
    const expr = interpolate(panel?.targets?.[index]?.expr ?? '', values);
    return { expr, eval_time: '5m', exp_samples: samples };
  });
  const file = join(folder, 'test.json');
  const tests = [{ interval: '15s', input_series: input, promql_expr_test: queries }];
  await writeFile(file, JSON.stringify({ rule_files: [], evaluation_interval: '15s', tests }));
  const { stdout } = await run(tool('promtool'), ['test', 'rules', file]);
  expect(stdout).toContain('SUCCESS');
}
