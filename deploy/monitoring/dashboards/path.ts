import type { Dashboard, Panel } from './grafana.ts';
import { PATH_UID } from './links.ts';
import { NONE_STEPS, row, SHARE_STEPS, stat, stateTimeline, timeSeries } from './panels.ts';
import {
  checks,
  eventLoopDelay,
  failing,
  failures,
  latency,
  of,
  phase,
  rate,
  reached,
  someFailures,
} from './promql.ts';
import { COMMON, NODE, TYPES } from './variables.ts';

const FROM = 'node="$node", type=~"$type"';
const TO = 'type="path_$node"';
const ITSELF = 'node="$node"';

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
    width: 12,
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

const PROBE: readonly Panel[] = [
  stat({
    title: 'Reports',
    description:
      'Probes on this node whose metrics arrive: 1, or 2 during a rollout with surge. No data: none.',
    queries: [{ expr: `count(${of('kubenurse_build_info', ITSELF)})` }],
    width: 4,
    height: 6,
    unit: 'short',
    steps: [{ color: 'green', value: null }],
  }),
  stat({
    title: 'Exports that failed',
    description:
      'Within the window of the rates. 1 or more: the metrics do not get where they are pushed to; the log of the pod says why.',
    queries: [
      {
        expr: `sum(increase(${of('kubenurse_export_failures_total', ITSELF)}[$__rate_interval]))`,
      },
    ],
    width: 4,
    height: 6,
    unit: 'short',
    steps: NONE_STEPS,
  }),
  timeSeries({
    title: 'Incoming checks',
    description:
      'How many neighbours asked this node in the last minute. 0, while it reports: nothing gets in, or it is cordoned or not ready.',
    queries: [
      {
        expr: `max(${of('kubenurse_neighbourhood_incoming_checks', ITSELF)})`,
        legend: 'neighbours',
      },
    ],
    width: 4,
    height: 6,
    unit: 'short',
  }),
  timeSeries({
    title: 'Event loop delay (p99)',
    description:
      "By how much this probe's own timers are late. Near the latencies above, the node is short of CPU, and they are not to be trusted.",
    queries: [{ expr: eventLoopDelay(0.99, ITSELF), legend: '{{node}}' }],
    width: 4,
    height: 6,
    unit: 's',
  }),
  timeSeries({
    title: 'Memory',
    description:
      'Resident memory, with the program file that is mapped: more than what counts against the limit of the container. It should be level after the first minutes; a steady rise is a leak, to be reported.',
    queries: [{ expr: `sum(${of('process_resident_memory_bytes', ITSELF)})`, legend: 'resident' }],
    width: 4,
    height: 6,
    unit: 'bytes',
  }),
  timeSeries({
    title: 'CPU',
    description:
      'In cores. With a CPU limit near it, the probe is throttled and measures its latencies too long: set none.',
    queries: [{ expr: rate('process_cpu_seconds_total', '', ITSELF), legend: 'CPU' }],
    width: 4,
    height: 6,
    unit: 'short',
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
