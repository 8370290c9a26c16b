import type { Panel } from './grafana.ts';
import { CLICKED, fieldOfLine, pathLink } from './links.ts';
import { NONE_STEPS, SHARE_STEPS, stat } from './panels.ts';
import {
  CHECKED_NODES,
  eventLoopDelay,
  failingAtEvents,
  failingByCheck,
  failingFixed,
  failingOfAll,
  failingTo,
  failingWithUdp,
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
    'Checks with at least one recent failure, over all nodes. 0: healthy. Otherwise continue with "What fails now".',
    `sum(${failingWithUdp('node, type')} > bool 0)`,
  ),
  stat({
    title: 'Share of checks that fail',
    description:
      'Failed checks among all. A constant few tenths of a percent are lost packets or timeouts of one path: see "What fails now". Suspects (paths checked only because a rotating check of them failed) are left out of this and of every other share.',
    queries: [{ expr: failingOfAll() }],
    width: 4,
    height: 4,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  }),
  number(
    'Nodes not reached',
    'Nodes that more than half of the checks of their neighbours do not reach. Look at the node itself: is it up, and is its pod network? "Nodes" has its name.',
    `sum(${failingTo('node')} > bool 0.5)`,
  ),
  number(
    'Nodes that do not reach others',
    'Nodes whose checks of neighbours fail, more than half of them. One: its own network is at fault. Most of them: the network between them, or the nodes that are not reached.',
    `sum(${failingFixed('node', PATHS)} > bool 0.5)`,
  ),
  number(
    'Probes missing',
    'Nodes that their neighbours check, but whose own metrics do not arrive. Is the pod running, and can Prometheus (or the Collector) reach it? "Nodes" has their names.',
    `count(${CHECKED_NODES} unless on (node) ${REPORTING_NODES}) or 0 * count(${REPORTING_NODES})`,
  ),
  stat({
    title: 'Nodes with a probe',
    description:
      'Nodes whose metrics arrive. It should equal the number of nodes on which the DaemonSet runs.',
    queries: [{ expr: `count(${REPORTING_NODES})` }],
    width: 4,
    height: 4,
    unit: 'short',
    steps: [{ color: 'blue', value: null }],
  }),
  table({
    title: 'What fails now',
    description:
      'Each failing check: the node, the type, the event, and the share of checks that fail. Only one node in the left column: that node is at fault. One path_<node> in the second: the node at its end. The same component everywhere: the component. The event says where a request stopped: dns_done (name look-up), connect_done, tls_handshake_done, wrote_request, round_trip_error (no response), status_code_<NNN>. The 100 worst.',
    queries: [
      {
        expr: `sort_desc(topk(100, ${failingAtEvents()}))`,
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
      'A row for each node, the worst on top; path and udp combine all its neighbours. A red column: the component itself fails. A red row: the node fails. Click a node to open its page.',
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
    'Each node from both sides. "Not reached": the share of its neighbours\' checks of it that fail; "Does not reach": of its own checks of neighbours. Checked by: how many neighbours checked it in the last minute; 0 while it reports means that it receives no connections (or is not ready, or cordoned). Reports "no": its metrics do not arrive. Event loop delay: what the probe itself may add to a latency; above some 10 ms its node is short of CPU, and its latencies cannot be trusted. Running for: short everywhere after a rollout, on one node after a crash.',
  queries: [
    { expr: failingTo('node') },
    { expr: failingFixed('node', PATHS) },
    { expr: `max by (node) (${of('kubenurse_neighbourhood_incoming_checks')})` },
    { expr: `${REPORTING_NODES} or on (node) 0 * ${CHECKED_NODES}` },
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
      title: 'Checked by',
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
    { title: 'Event loop delay (p99)', unit: 's' },
    { title: 'Running for', unit: 's' },
  ],
  sortBy: 'Not reached',
});
