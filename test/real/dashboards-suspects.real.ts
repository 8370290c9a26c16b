import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { readDashboard } from '../../lab/dashboards/dashboard-file.ts';
import { interpolate } from '../../lab/dashboards/variables.ts';
import { missingTools, tool } from '../../lab/tools/tool.ts';

const run = promisify(execFile);

const [missing] = missingTools(['promtool']);
const reason = missing === undefined ? '' : ` (${missing} is missing: npm run tools)`;
const folder = mkdtempSync(join(tmpdir(), 'kubenurse-dashboards-'));
afterAll(() => rmSync(folder, { recursive: true }));

const VALUES = { cluster: '', job: 'kubenurse', __rate_interval: '1m' };
const OVERVIEW = await readDashboard('kubenurse-overview');
const OFTEN = '0+6x20';

/** A counter of one path of `node`; `values` in promtool's notation. */
function series(name: string, node: string, type: string, labels = ''): string {
  return `${name}{job="kubenurse",node="${node}",type="${type}"${labels}}`;
}

/** Node a reaches the fixed neighbour b and not the suspects c and d, to which it loses every other segment. */
const INPUT = ['path_b', 'path_c', 'path_d'].flatMap((type) => {
  const isSuspect = type !== 'path_b';
  const lost = isSuspect ? '0+3x20' : '0x20';
  return [
    {
      series: series('kubenurse_httpclient_requests_total', 'a', type, ',code="200"'),
      values: OFTEN,
    },
    {
      series: series('kubenurse_errors_total', 'a', type, ',event="connect_done"'),
      values: isSuspect ? OFTEN : '0x20',
    },
    { series: series('kubenurse_tcp_segments_sent_total', 'a', type), values: OFTEN },
    { series: series('kubenurse_tcp_segments_retransmitted_total', 'a', type), values: lost },
    ...(isSuspect
      ? [{ series: series('kubenurse_neighbour_suspect', 'a', type), values: '1x20' }]
      : []),
  ];
});

type Sample = Readonly<{ labels: string; value: number }>;

/** Each query of the overview that is a share of paths, or a count of failing ones, by title and index. */
const EXPECTED: readonly (readonly [string, number, readonly Sample[]])[] = [
  ['Checks that fail', 0, [{ labels: '{}', value: 2 }]],
  ['Share of checks that fail', 0, [{ labels: '{}', value: 0 }]],
  ['Nodes not reached', 0, [{ labels: '{}', value: 0 }]],
  ['Nodes that do not reach others', 0, [{ labels: '{}', value: 0 }]],
  [
    'Share of checks that fail now, by node and check',
    0,
    [{ labels: '{node="a",check="path"}', value: 0 }],
  ],
  ['Nodes', 0, [{ labels: '{node="b"}', value: 0 }]],
  ['Nodes', 1, [{ labels: '{node="a"}', value: 0 }]],
  ['What failed when, by check', 0, [{ labels: '{check="path"}', value: 0 }]],
  ['Nodes that were not reached, when', 0, []],
  ['Nodes that did not reach others, when', 0, []],
  ['Packets lost from a node', 0, [{ labels: '{node="a"}', value: 0 }]],
  ['Packets lost to a node', 0, [{ labels: '{to="b"}', value: 0 }]],
];

test.skipIf(missing !== undefined)(
  `no share in the overview counts suspects, while failing checks list them${reason}`,
  async () => {
    const queries = EXPECTED.map(([title, index, samples]) => {
      const panel = OVERVIEW.panels.find((each) => each.title === title);
      const expr = interpolate(panel?.targets?.[index]?.expr ?? '', VALUES);
      return { expr, eval_time: '5m', exp_samples: samples };
    });
    const file = join(folder, 'overview.json');
    const tests = [{ interval: '15s', input_series: INPUT, promql_expr_test: queries }];
    writeFileSync(file, JSON.stringify({ rule_files: [], evaluation_interval: '15s', tests }));
    const { stdout } = await run(tool('promtool'), ['test', 'rules', file]);
    expect(stdout).toContain('SUCCESS');
  },
);
