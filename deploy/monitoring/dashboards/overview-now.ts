import type { Panel } from './grafana.ts';
import { CLICKED, fieldOfLine, pathLink } from './links.ts';
import { NONE_STEPS, SHARE_STEPS, stat } from './panels.ts';
import {
  ASKED_NODES,
  checks,
  eventLoopDelay,
  failing,
  failingByCheck,
  failingTo,
  failures,
  of,
  PATHS,
  REPORTING_NODES,
} from './promql.ts';
import { matrix, table } from './tables.ts';

/** A number at the top. */
function number(title: string, description: string, expr: string): Panel {
  const queries = [{ expr }];
  return stat({
    title,
    description,
    queries,
    width: 4,
    height: 4,
    unit: 'short',
    steps: NONE_STEPS,
  });
}

/** What fails at the end of the range. */
export const NOW: readonly Panel[] = [
  number(
    'Checks that fail',
    'Checks of which at least one failed lately, counted over all nodes. 0 is well. Otherwise read on in "What fails now".',
    `sum(${failing('node, type')} > bool 0)`,
  ),
  stat({
    title: 'Share of checks that fail',
    description:
      'Failed checks among all. A few tenths of a percent that stay are lost packets or time-outs of one path: "What fails now" has it.',
    queries: [{ expr: failing('') }],
    width: 4,
    height: 4,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  }),
  number(
    'Nodes not reached',
    'Nodes that more than half of the checks of their neighbours do not reach. Look at the node itself: is it up, is its pod network? "Nodes" has its name.',
    `sum(${failingTo('node')} > bool 0.5)`,
  ),
  number(
    'Nodes that do not reach others',
    'Nodes of which more than half of the checks of neighbours fail. One: its own network is at fault. Most of them: the network between them, or the nodes that are not reached.',
    `sum(${failing('node', PATHS)} > bool 0.5)`,
  ),
  number(
    'Probes missing',
    'Nodes that are asked by their neighbours, but whose own metrics do not arrive. Is the pod running; can Prometheus (or the Collector) reach it? "Nodes" has their names.',
    `count(${ASKED_NODES} unless on (node) ${REPORTING_NODES}) or 0 * count(${REPORTING_NODES})`,
  ),
  stat({
    title: 'Nodes with a probe',
    description:
      'Nodes whose metrics arrive. It should be the number of nodes that the DaemonSet runs on.',
    queries: [{ expr: `count(${REPORTING_NODES})` }],
    width: 4,
    height: 4,
    unit: 'short',
    steps: [{ color: 'blue', value: null }],
  }),
  table({
    title: 'What fails now',
    description:
      'Each failing check: on which node, of what, at which event, and what share of its checks. One node in the left column only: that node is at fault. One path_<node> in the second: the node that it leads to. Everywhere the same component: the component. The event says where a request stopped: dns_done (name look-up), connect_done, tls_handshake_done, wrote_request, round_trip_error (no answer), status_code_<NNN>. The 100 worst.',
    queries: [
      {
        expr: `sort_desc(topk(100, ${failures('node, type, event')} / on (node, type) group_left () ${checks('node, type')} > 0))`,
      },
    ],
    width: 12,
    height: 9,
    unit: 'percentunit',
    labels: {
      node: {
        title: 'On node',
        link: pathLink({ node: fieldOfLine('node'), type: fieldOfLine('type') }),
      },
      type: { title: 'Check' },
      event: { title: 'Fails at' },
    },
    values: [{ title: 'Share failing', unit: 'percentunit', steps: SHARE_STEPS }],
  }),
  matrix({
    title: 'Share of checks that fail now, by node and check',
    description:
      'A line for each node, the worst on top; path is all its neighbours together. A red column: the component itself fails. A red line: the node fails. A click on the node opens its page.',
    query: { expr: `sort_desc(${failingByCheck('node, ')})` },
    lines: 'node',
    columns: 'check',
    link: pathLink({ node: CLICKED }),
    width: 12,
    height: 9,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  }),
];

/** Each node, from both sides. */
export const NODES: Panel = table({
  title: 'Nodes',
  description:
    'Each node from both sides. "Not reached": the share of its neighbours\' checks of it that fail; "Does not reach": of its own checks of neighbours. Asked by: how many neighbours asked it in the last minute; 0, while it reports, means that nothing gets in to it (or that it is not ready or cordoned). Reports "no": its metrics do not arrive. Timers late: what the probe itself may add to a latency; above some 10 ms its node is short of CPU, and its latencies are not to be trusted. Running for: short everywhere after a rollout, on one node after a crash.',
  queries: [
    { expr: failingTo('node') },
    { expr: failing('node', PATHS) },
    { expr: `max by (node) (${of('kubenurse_neighbourhood_incoming_checks')})` },
    { expr: `${REPORTING_NODES} or on (node) 0 * ${ASKED_NODES}` },
    { expr: eventLoopDelay(0.99) },
    { expr: `min by (node) (time() - ${of('process_start_time_seconds')})` },
  ],
  width: 24,
  height: 8,
  unit: 'short',
  labels: { node: { title: 'Node', link: pathLink({ node: fieldOfLine('node') }) } },
  values: [
    { title: 'Not reached', unit: 'percentunit', steps: SHARE_STEPS },
    { title: 'Does not reach', unit: 'percentunit', steps: SHARE_STEPS },
    {
      title: 'Asked by',
      unit: 'short',
      steps: [
        { color: 'red', value: null },
        { color: 'green', value: 1 },
      ],
    },
    {
      title: 'Reports',
      unit: 'short',
      steps: [
        { color: 'red', value: null },
        { color: 'green', value: 1 },
      ],
      texts: { '0': 'no', '1': 'yes' },
    },
    { title: 'Timers late (p99)', unit: 's' },
    { title: 'Running for', unit: 's' },
  ],
  sortBy: 'Not reached',
});
