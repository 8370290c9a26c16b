import type { Dashboard, Panel } from './grafana.ts';
import { PATH_UID } from './links.ts';
import { row, SHARE_STEPS, stateTimeline, timeSeries } from './panels.ts';
import { PROBE } from './path-probe.ts';
import { UDP } from './path-udp.ts';
import {
  checks,
  failing,
  failingWithUdp,
  failures,
  latency,
  phase,
  reached,
  roundTrip,
  sentAgain,
  someCauses,
  someFailures,
} from './promql.ts';
import { COMMON, NODE, TYPES } from './variables.ts';

const FROM = 'node="$node", type=~"$type"';
const TO = 'type="path_$node"';

const QUANTILES = [
  ['median', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const;

const OUT: readonly Panel[] = [
  stateTimeline({
    title: 'Checks of $node that failed, when',
    description:
      'A band for each check that this node makes. Red everywhere: the node itself is at fault (its network, its name server). One red band: the target of that check.',
    queries: [{ expr: failingWithUdp('type', FROM), legend: '{{type}}' }],
    width: 12,
    height: 9,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  }),
  timeSeries({
    title: 'Failed checks per second, by event',
    description:
      'Where the requests of this node fail; empty when none does. dns_done: name look-up. connect_done: refused, or packets are lost. tls_handshake_done: certificate. round_trip_error: no response in time. status_code_<NNN>: an error response.',
    queries: [{ expr: someFailures('event', FROM), legend: '{{event}}' }],
    width: 6,
    height: 9,
    unit: 'cps',
  }),
  timeSeries({
    title: 'Failed checks per second, by cause',
    description:
      "Why, from the kernel's statistics; empty when none fails. unreachable: no answer to a connection. refused: nothing listens. hung: acknowledged, but no response. packets_lost, mtu: the network.",
    queries: [{ expr: someCauses(FROM), legend: '{{cause}}' }],
    width: 6,
    height: 9,
    unit: 'cps',
  }),
  timeSeries({
    title: 'Latency',
    description:
      'Seconds until the response, of the checks chosen above. Choose one check: in a sum, fast ones hide slow ones.',
    queries: QUANTILES.map(([legend, quantile]) => ({ expr: latency(quantile, '', FROM), legend })),
    width: 8,
    height: 8,
    unit: 's',
  }),
  timeSeries({
    title: 'Where the time goes (mean)',
    description:
      'The mean request, split into its phases. DNS high: the name server, or the search path (ndots). Connection: the network. TLS: the target is short of CPU. Waiting: the target computes the response.',
    queries: [
      { expr: phase('dns_start', 'dns_done', '', FROM), legend: 'name look-up' },
      { expr: phase('connect_start', 'connect_done', '', FROM), legend: 'connection' },
      {
        expr: phase('tls_handshake_start', 'tls_handshake_done', '', FROM),
        legend: 'TLS handshake',
      },
      { expr: phase('got_conn', 'wrote_request', '', FROM), legend: 'request' },
      { expr: phase('wrote_request', 'got_first_resp_byte', '', FROM), legend: 'waiting' },
    ],
    width: 8,
    height: 8,
    unit: 's',
    stacked: true,
  }),
  timeSeries({
    title: 'When each event is reached (p95)',
    description:
      'Seconds from the start of the request to each of its events. The first line that is high is the slow phase; all later ones are above it. Do not subtract them: they are quantiles of different requests.',
    queries: [{ expr: reached(0.95, 'event', FROM), legend: '{{event}}' }],
    width: 8,
    height: 8,
    unit: 's',
  }),
  timeSeries({
    title: 'Checks per second, by status',
    description:
      'Status codes of the responses; round_trip_error: no response. Their sum should be constant: fewer mean that checks hang until they time out.',
    queries: [{ expr: checks('code', FROM), legend: '{{code}}' }],
    width: 12,
    height: 7,
    unit: 'cps',
  }),
  timeSeries({
    title: 'Latency of each check (p95)',
    description:
      'The checks of this node side by side. One is slower than similar ones: that path.',
    queries: [{ expr: latency(0.95, 'type', FROM), legend: '{{type}}' }],
    width: 12,
    height: 7,
    unit: 's',
  }),
  timeSeries({
    title: 'Round-trip time of each check (p50)',
    description:
      'Round-trip time of the TCP handshake in seconds, from the kernel: the network alone. If the latency above is high and this is not, the target is slow, or this probe.',
    queries: [{ expr: roundTrip(0.5, 'type', FROM), legend: '{{type}}' }],
    width: 8,
    height: 7,
    unit: 's',
  }),
  timeSeries({
    title: 'Round-trip time of each check (p99)',
    description:
      "The same for the slowest in a hundred. High on all paths: this node's link is saturated, or it lacks CPU for its network. High on one: that path.",
    queries: [{ expr: roundTrip(0.99, 'type', FROM), legend: '{{type}}' }],
    width: 8,
    height: 7,
    unit: 's',
  }),
  timeSeries({
    title: 'Packets lost, by check',
    description:
      'The share of the TCP segments of each check that were retransmitted. All paths: this node loses packets. One: that path, or the node at its end; open its page.',
    queries: [{ expr: sentAgain('type', FROM), legend: '{{type}}' }],
    width: 8,
    height: 7,
    unit: 'percentunit',
  }),
];

const IN: readonly Panel[] = [
  stateTimeline({
    title: 'Neighbours that did not reach $node, when',
    description:
      'A band for each node that checks this one. All red: this node is not reached. One red: the path between the two, or the other node; open its page.',
    queries: [{ expr: failing('node', TO), legend: '{{node}}' }],
    width: 8,
    height: 8,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  }),
  timeSeries({
    title: 'Failed checks of $node per second, by event',
    description:
      'How its neighbours fail to reach this node. connect_done: refused (its probe is down) or lost (its network is down). round_trip_error: it accepts connections, but its program hangs.',
    queries: [{ expr: failures('event', TO), legend: '{{event}}' }],
    width: 8,
    height: 8,
    unit: 'cps',
  }),
  timeSeries({
    title: 'Latency to $node, by neighbour (p95)',
    description:
      'All high: this node is slow. One high: the path from that neighbour; another zone is always a little slower.',
    queries: [{ expr: latency(0.95, 'node', TO), legend: '{{node}}' }],
    width: 8,
    height: 8,
    unit: 's',
  }),
];

export const PATH: Dashboard = {
  uid: PATH_UID,
  title: 'kubenurse / Node and path',
  description:
    'One node: what it reaches, which nodes reach it, and in which phase a path is slow or fails.',
  variables: [...COMMON, NODE, TYPES],
  panels: [
    row('From $node to $type'),
    ...OUT,
    row('From $node over UDP'),
    ...UDP,
    row('To $node, as its neighbours see it'),
    ...IN,
    row('The probe on $node'),
    ...PROBE,
  ],
};
