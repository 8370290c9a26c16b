import type { Dashboard, Panel } from './grafana.ts';
import { NODES, NOW } from './overview-now.ts';
import { ROTATION, UDP } from './overview-paths.ts';
import { row, SHARE_STEPS, stateTimeline, timeSeries } from './panels.ts';
import {
  byCheck,
  eventLoopDelay,
  failingByCheck,
  failingFixed,
  failingTo,
  failures,
  latencyByCheck,
  of,
  PATHS,
  roundTrip,
  sentAgainFrom,
  sentAgainTo,
  someCauses,
  someFailures,
} from './promql.ts';
import { COMMON } from './variables.ts';

const BEFORE: readonly Panel[] = [
  stateTimeline({
    title: 'What failed when, by check',
    description:
      'Green: no check of the type failed on any node. Orange: some did. Red: half of them or more. path combines all paths between nodes that are not suspects.',
    queries: [{ expr: failingByCheck(), legend: '{{check}}' }],
    width: 8,
    height: 8,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  }),
  stateTimeline({
    title: 'Nodes that were not reached, when',
    description:
      "The nodes that some neighbour did not reach, suspects left out; empty if there was none. Red: half of the checks failed or more. Compare with the node's own events: reboots, drains, network changes.",
    queries: [{ expr: `${failingTo('to')} > 0`, legend: '{{to}}' }],
    width: 8,
    height: 8,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  }),
  stateTimeline({
    title: 'Nodes that did not reach others, when',
    description:
      'The nodes with a failed check of a neighbour, suspects left out; empty if there was none. All of them orange at once: it is the node at the other end, to the left.',
    queries: [{ expr: `${failingFixed('node', PATHS)} > 0`, legend: '{{node}}' }],
    width: 8,
    height: 8,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  }),
  timeSeries({
    title: 'Failed checks per second, by check',
    description: 'What the alerts are based on, over time. A failed check is one error.',
    queries: [{ expr: byCheck('check', failures('type')), legend: '{{check}}' }],
    width: 8,
    height: 8,
    unit: 'cps',
  }),
  timeSeries({
    title: 'Failed checks per second, by event',
    description:
      'Where requests fail; empty when none does. dns_done: name look-up. connect_done: nothing listens, or packets are lost. tls_handshake_done: certificate. round_trip_error: connected, but no response in time. status_code_<NNN>: an error response.',
    queries: [{ expr: someFailures('event'), legend: '{{event}}' }],
    width: 8,
    height: 8,
    unit: 'cps',
  }),
  timeSeries({
    title: 'Failed checks per second, by cause',
    description:
      "Why, from the kernel's statistics; empty when none fails. unreachable: the node is down or cut off. refused: its program does not run. hung: it runs, but does not respond. packets_lost, mtu: the network. dns, tls, status: the target.",
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
    'When it rises and the median does not, one node in twenty or one request in twenty is slow.',
  ),
  quantilePanel(
    0.99,
    '99th percentile',
    'Jumps to 1 s, 3 s or 5 s are retransmitted packets, or repeated name look-ups.',
  ),
];

const NETWORK: readonly Panel[] = [
  timeSeries({
    title: 'Round-trip time between nodes',
    description:
      'Round-trip time of the TCP handshake in seconds, from the kernel, over all paths: the network alone, without the programs. When the median rises, all paths are slow; when only p99 does, one path in a hundred, or one packet.',
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
      'The share of the TCP segments from a node to its neighbours that were retransmitted. One node high: packets that it sends are lost. All slightly: see the nodes to which they are lost, to the right.',
    queries: [{ expr: sentAgainFrom(), legend: '{{node}}' }],
    width: 8,
    height: 8,
    unit: 'percentunit',
  }),
  timeSeries({
    title: 'Packets lost to a node',
    description:
      'The share of the TCP segments to a node from its neighbours that were retransmitted. One node high: packets to it are lost; if it is high to the left as well, in both directions.',
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
      'How many neighbours checked a node in the last minute: minimum, median and maximum over all nodes. With up to 11 nodes each is checked by all others; in larger clusters by 10 on average. A minimum of 0: no node checks one of them; "Nodes" has its name.',
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
      'Event-loop lag of the probes: the worst node and the median. It is the measurement error. If it comes near a latency above, the node is short of CPU (or the pod has a CPU limit), and the network is not slow.',
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
  description:
    'Which paths and components of the cluster fail, now and earlier, and how fast they are.',
  variables: COMMON,
  panels: [
    ...NOW,
    NODES,
    row('Before'),
    ...BEFORE,
    row('Latency'),
    ...LATENCY,
    row('The network, as seen by the kernel'),
    ...NETWORK,
    row('UDP between nodes'),
    ...UDP,
    row('Every pair of nodes over time'),
    ...ROTATION,
    row('The probes'),
    ...PROBES,
  ],
};
