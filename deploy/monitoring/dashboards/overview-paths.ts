import type { Panel } from './grafana.ts';
import { NONE_STEPS, stateTimeline, timeSeries } from './panels.ts';
import { failures, of, PATHS, UDP_PATHS, udpLostAtNode, udpRoundTrip } from './promql.ts';

const SUSPECTS = of('kubenurse_neighbour_suspect');
const JITTER = of('kubenurse_udp_jitter_seconds', UDP_PATHS);

/** Paths beyond those to fixed neighbours. */
export const ROTATION: readonly Panel[] = [
  timeSeries({
    title: 'Failed rotating checks per second',
    description:
      'Over all nodes, by event; the node of each is in the log of the probe, and becomes a suspect. A constant low rate without suspects that stay: single lost packets.',
    queries: [{ expr: failures('event', 'type="rotating"'), legend: '{{event}}' }],
    width: 8,
    height: 7,
    unit: 'cps',
  }),
  stateTimeline({
    title: 'Suspects, when',
    description:
      'Paths that are checked in each round because a rotating check of them failed; empty if there is none. Red: the path fails. Green: it works again, and is checked until it has worked for five minutes.',
    queries: [
      {
        expr: `max by (node, type) (1 - ${of('kubenurse_check_success', PATHS)} and on (node, type) ${SUSPECTS})`,
        legend: '{{node}} {{type}}',
      },
    ],
    width: 16,
    height: 7,
    unit: 'short',
    steps: NONE_STEPS,
  }),
];

/** The paths between nodes by UDP. */
export const UDP: readonly Panel[] = [
  timeSeries({
    title: 'UDP packets lost from a node',
    description:
      'With KUBENURSE_CHECK_UDP: the share of the UDP packets from a node to its neighbours that were lost, from its checks and its replies. One node high: packets that it sends are lost. If TCP above loses none: a rate limit, a firewall or conntrack, for UDP only. Packets of unknown direction are left out.',
    queries: [{ expr: udpLostAtNode('from'), legend: '{{node}}' }],
    width: 8,
    height: 8,
    unit: 'percentunit',
  }),
  timeSeries({
    title: 'UDP packets lost to a node',
    description:
      'With KUBENURSE_CHECK_UDP: the share of the UDP packets to a node from its neighbours that were lost. High here and not to the left: they are lost in this direction only.',
    queries: [{ expr: udpLostAtNode('to'), legend: '{{node}}' }],
    width: 8,
    height: 8,
    unit: 'percentunit',
  }),
  timeSeries({
    title: 'UDP round-trip time and jitter between nodes',
    description:
      'With KUBENURSE_CHECK_UDP, in seconds: round-trip time without the time in the reflector, and the jitter of the median and of the worst path. It includes event-loop lag at both ends: see "Event loop delay of the probes".',
    queries: [
      { expr: udpRoundTrip(0.5, '', UDP_PATHS), legend: 'p50' },
      { expr: udpRoundTrip(0.99, '', UDP_PATHS), legend: 'p99' },
      { expr: `quantile(0.5, ${JITTER})`, legend: 'jitter, median path' },
      { expr: `max(${JITTER})`, legend: 'jitter, worst path' },
    ],
    width: 8,
    height: 8,
    unit: 's',
  }),
];
