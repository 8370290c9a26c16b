import type { Dashboard, Panel } from './grafana.ts';
import { PATH_UID } from './links.ts';
import { row, SHARE_STEPS, stateTimeline, timeSeries } from './panels.ts';
import { PROBE } from './path-probe.ts';
import {
  checks,
  failing,
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
      'A band for each check that this node makes. Red everywhere: the node itself is at fault (its network, its name server). One red band: what that check asks.',
    queries: [{ expr: failing('type', FROM), legend: '{{type}}' }],
    width: 12,
    height: 9,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  }),
  timeSeries({
    title: 'Failed checks a second, by event',
    description:
      'Where the requests of this node stop; empty when none does. dns_done: its name look-ups. connect_done: refused, or packets get lost. tls_handshake_done: certificates. round_trip_error: no answer in time. status_code_<NNN>: an answer, but an error.',
    queries: [{ expr: someFailures('event', FROM), legend: '{{event}}' }],
    width: 6,
    height: 9,
    unit: 'cps',
  }),
  timeSeries({
    title: 'Failed checks a second, by cause',
    description:
      "Why, by the kernel's account; empty when none fails. unreachable: no answer to a connection. refused: nothing listens. hung: acknowledged, but no response. packets_lost, mtu: the network.",
    queries: [{ expr: someCauses(FROM), legend: '{{cause}}' }],
    width: 6,
    height: 9,
    unit: 'cps',
  }),
  timeSeries({
    title: 'Latency',
    description:
      'Seconds until the response, of the checks chosen above. Choose one check: together, slow ones hide behind fast ones.',
    queries: QUANTILES.map(([legend, quantile]) => ({ expr: latency(quantile, '', FROM), legend })),
    width: 8,
    height: 8,
    unit: 's',
  }),
  timeSeries({
    title: 'Where the time goes (mean)',
    description:
      'The mean request, cut into its phases. DNS high: the name server, or the search path (ndots). Connection: the network. TLS: the other side is short of CPU. Waiting: the other side works on the answer.',
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
      'Seconds from the start of the request to each of its events. The first line that is high names the phase that is slow; all later ones are above it. Not to be subtracted from each other: quantiles of different requests.',
    queries: [{ expr: reached(0.95, 'event', FROM), legend: '{{event}}' }],
    width: 8,
    height: 8,
    unit: 's',
  }),
  timeSeries({
    title: 'Checks a second, by status',
    description:
      'Status codes of the responses; round_trip_error is none at all. Their sum should not change: fewer mean that checks hang until their time-out.',
    queries: [{ expr: checks('code', FROM), legend: '{{code}}' }],
    width: 12,
    height: 7,
    unit: 'cps',
  }),
  timeSeries({
    title: 'Latency of each check (p95)',
    description:
      'The checks of this node beside each other. One that is slower than those like it: that path.',
    queries: [{ expr: latency(0.95, 'type', FROM), legend: '{{type}}' }],
    width: 12,
    height: 7,
    unit: 's',
  }),
  timeSeries({
    title: 'Round-trip time of each check (p50)',
    description:
      "Seconds of the TCP handshake's round trip, by the kernel: the network alone. Where the latency above is high and this is not, the program at the other end is slow, or this one.",
    queries: [{ expr: roundTrip(0.5, 'type', FROM), legend: '{{type}}' }],
    width: 8,
    height: 7,
    unit: 's',
  }),
  timeSeries({
    title: 'Round-trip time of each check (p99)',
    description:
      "The same, for the slowest of a hundred. High on all paths: this node's link is full, or it lacks CPU for its network. High on one: that path.",
    queries: [{ expr: roundTrip(0.99, 'type', FROM), legend: '{{type}}' }],
    width: 8,
    height: 7,
    unit: 's',
  }),
  timeSeries({
    title: 'Packets lost, by check',
    description:
      'The share of the TCP segments of each check that had to be sent again. All paths: this node loses packets. One: that path, or the node at its end; open its page.',
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
      'A band for each node that asks this one. All red: this node is not reached. One red: the path between the two, or the other one; open its page.',
    queries: [{ expr: failing('node', TO), legend: '{{node}}' }],
    width: 8,
    height: 8,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  }),
  timeSeries({
    title: 'Failed checks of $node a second, by event',
    description:
      'How its neighbours fail to reach this node. connect_done: refused (its probe is down) or lost (its network is). round_trip_error: it takes connections, but its program stands still.',
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
    'One node: what it reaches, who reaches it, and in which phase a path is slow or fails.',
  variables: [...COMMON, NODE, TYPES],
  panels: [
    row('From $node to $type'),
    ...OUT,
    row('To $node, as its neighbours see it'),
    ...IN,
    row('The probe on $node'),
    ...PROBE,
  ],
};
