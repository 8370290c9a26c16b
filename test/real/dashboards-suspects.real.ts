import { test } from 'vitest';
import { missingTools } from '../../lab/tools/tool.ts';
import { type Expected, expectSamples, series } from './dashboard-samples.ts';

const [missing] = missingTools(['promtool']);
const reason = missing === undefined ? '' : ` (${missing} is missing: npm run tools)`;
const OFTEN = '0+6x20';

/**
 * Node a reaches the fixed neighbour b and not the suspects c and d, to which it loses every other
 * segment.
 */
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

/**
 * Each query of the overview that is a share of paths, or a count of failing ones, by title and
 * index.
 */
const EXPECTED: readonly Expected[] = [
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
  () => expectSamples('kubenurse-overview', INPUT, EXPECTED),
);
