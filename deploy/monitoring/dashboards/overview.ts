import type { Dashboard, Panel } from './grafana.ts';
import { NODES, NOW } from './overview-now.ts';
import { row, SHARE_STEPS, stateTimeline, timeSeries } from './panels.ts';
import {
  byCheck,
  eventLoopDelay,
  failing,
  failingByCheck,
  failingTo,
  failures,
  latencyByCheck,
  of,
  PATHS,
  roundTrip,
  sentAgain,
  sentAgainTo,
  someCauses,
  someFailures,
} from './promql.ts';
import { COMMON } from './variables.ts';

const BEFORE: readonly Panel[] = [
  stateTimeline({
    title: 'What failed when, by check',
    description:
      'Green: no check of the kind failed on any node. Orange: some did. Red: half of them, or more. path is all paths between nodes.',
    queries: [{ expr: failingByCheck(), legend: '{{check}}' }],
    width: 8,
    height: 8,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  }),
  stateTimeline({
    title: 'Nodes that were not reached, when',
    description:
      "The nodes that some neighbour did not reach; empty when there was none. Red: half of the checks failed, or more. Compare with the node's own events: reboots, drains, changes of its network.",
    queries: [{ expr: `${failingTo('to')} > 0`, legend: '{{to}}' }],
    width: 8,
    height: 8,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  }),
  stateTimeline({
    title: 'Nodes that did not reach others, when',
    description:
      'The nodes of which some check of a neighbour failed; empty when there was none. All of them orange at once: it is the node at the other end, to the left.',
    queries: [{ expr: `${failing('node', PATHS)} > 0`, legend: '{{node}}' }],
    width: 8,
    height: 8,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  }),
  timeSeries({
    title: 'Failed checks a second, by check',
    description: 'What the alerts are made of, over time. One check that fails is one error.',
    queries: [{ expr: byCheck('check', failures('type')), legend: '{{check}}' }],
    width: 8,
    height: 8,
    unit: 'cps',
  }),
  timeSeries({
    title: 'Failed checks a second, by event',
    description:
      'Where requests stop; empty when none does. dns_done: name look-ups. connect_done: nothing listens, or packets get lost. tls_handshake_done: certificates. round_trip_error: it connects, but does not answer in time. status_code_<NNN>: it answers, but with an error.',
    queries: [{ expr: someFailures('event'), legend: '{{event}}' }],
    width: 8,
    height: 8,
    unit: 'cps',
  }),
  timeSeries({
    title: 'Failed checks a second, by cause',
    description:
      "Why, by the kernel's account; empty when none fails. unreachable: the node is down or cut off. refused: its program does not run. hung: it runs, and does not respond. packets_lost, mtu: the network. dns, tls, status: the target.",
    queries: [{ expr: someCauses(), legend: '{{cause}}' }],
    width: 8,
    height: 8,
    unit: 'cps',
  }),
];

function quantilePanel(quantile: number, name: string, hint: string): Panel {
  return timeSeries({
    title: `Latency, ${name}`,
    description: `Seconds until the response, by check, over all nodes. ${hint}`,
    queries: [{ expr: latencyByCheck(quantile), legend: '{{check}}' }],
    width: 8,
    height: 8,
    unit: 's',
  });
}

const LATENCY: readonly Panel[] = [
  quantilePanel(0.5, 'median', 'When the median rises, all nodes are slow: look at the component.'),
  quantilePanel(
    0.95,
    '95th percentile',
    'When it rises and the median does not, one node of twenty or one request of twenty is slow.',
  ),
  quantilePanel(
    0.99,
    '99th percentile',
    'Jumps to 1 s, 3 s or 5 s are lost packets that were sent again, or name look-ups asked again.',
  ),
];

const NETWORK: readonly Panel[] = [
  timeSeries({
    title: 'Round-trip time between nodes',
    description:
      "Seconds of the TCP handshake's round trip, by the kernel, over all paths: the network alone, without the programs. When the median rises, all paths are slow; when only p99 does, one path of a hundred, or one packet.",
    queries: [
      { expr: roundTrip(0.5, '', PATHS), legend: 'p50' },
      { expr: roundTrip(0.99, '', PATHS), legend: 'p99' },
    ],
    width: 8,
    height: 8,
    unit: 's',
  }),
  timeSeries({
    title: 'Packets lost from a node',
    description:
      'The share of the TCP segments from a node to its neighbours that had to be sent again. One node high: it loses packets that it sends. All a little: see the nodes to which they are lost, to the right.',
    queries: [{ expr: sentAgain('node', PATHS), legend: '{{node}}' }],
    width: 8,
    height: 8,
    unit: 'percentunit',
  }),
  timeSeries({
    title: 'Packets lost to a node',
    description:
      'The share of the TCP segments to a node from its neighbours that had to be sent again. One node high: packets to it are lost, and if it is high to the left as well, in both directions.',
    queries: [{ expr: sentAgainTo(), legend: '{{to}}' }],
    width: 8,
    height: 8,
    unit: 'percentunit',
  }),
];

const PROBES: readonly Panel[] = [
  timeSeries({
    title: 'Incoming checks',
    description:
      'How many neighbours asked a node in the last minute: the least, the median and the most of all nodes. With up to 11 nodes each is asked by all others; in larger clusters by 10 on average. A least of 0: one node is asked by nobody; "Nodes" has its name.',
    queries: [
      { expr: `min(${of('kubenurse_neighbourhood_incoming_checks')})`, legend: 'least' },
      { expr: `quantile(0.5, ${of('kubenurse_neighbourhood_incoming_checks')})`, legend: 'median' },
      { expr: `max(${of('kubenurse_neighbourhood_incoming_checks')})`, legend: 'most' },
    ],
    width: 12,
    height: 7,
    unit: 'short',
  }),
  timeSeries({
    title: 'Event loop delay of the probes (p99)',
    description:
      "By how much the probes' own timers are late: the worst node and the median one. It is the error of measurement. Where it comes near a latency above, the node is short of CPU (or the pod has a CPU limit), not the network.",
    queries: [
      { expr: `max(${eventLoopDelay(0.99)})`, legend: 'worst node' },
      { expr: `quantile(0.5, ${eventLoopDelay(0.99)})`, legend: 'median node' },
    ],
    width: 12,
    height: 7,
    unit: 's',
  }),
];

export const OVERVIEW: Dashboard = {
  uid: 'kubenurse-overview',
  title: 'kubenurse / Overview',
  description: 'Which paths and components of the cluster fail, now and before; how fast they are.',
  variables: COMMON,
  panels: [
    ...NOW,
    NODES,
    row('Before'),
    ...BEFORE,
    row('Latency'),
    ...LATENCY,
    row('The network, by the kernel'),
    ...NETWORK,
    row('The probes'),
    ...PROBES,
  ],
};
