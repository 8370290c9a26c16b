import type { Panel } from './grafana.ts';
import { timeSeries } from './panels.ts';
import { of, udpLost, udpLostByDirection, udpRoundTrip } from './promql.ts';

const FROM = 'node="$node", type=~"$type"';

/** The UDP checks of the node that is chosen. */
export const UDP: readonly Panel[] = [
  timeSeries({
    title: 'UDP packets lost, by direction',
    description:
      'The share of the UDP packets of the checks chosen above without a reply. forward: lost on the way to the target; backward: the reply was; unknown: no later reply tells.',
    queries: [{ expr: udpLostByDirection(FROM), legend: '{{direction}}' }],
    width: 6,
    height: 7,
    unit: 'percentunit',
  }),
  timeSeries({
    title: 'UDP packets lost, by check',
    description:
      'The same by check, in either direction. All: this node. One: that path, or the node at its end. If path_<node> is healthy: a firewall, a rate limit or conntrack, for UDP only.',
    queries: [{ expr: udpLost('type', FROM), legend: '{{type}}' }],
    width: 6,
    height: 7,
    unit: 'percentunit',
  }),
  timeSeries({
    title: 'UDP round-trip time of each check (p99)',
    description:
      'In seconds, without the time in the reflector, but with the event-loop lag at both ends. Above that of TCP on all paths: one of the programs is short of CPU.',
    queries: [{ expr: udpRoundTrip(0.99, 'type', FROM), legend: '{{type}}' }],
    width: 6,
    height: 7,
    unit: 's',
  }),
  timeSeries({
    title: 'UDP jitter of each check',
    description:
      'The mean difference of consecutive round-trip times in the last check, in seconds. High while the round-trip time is not: queues that fill and empty.',
    queries: [
      {
        expr: `max by (type) (${of('kubenurse_udp_jitter_seconds', FROM)})`,
        legend: '{{type}}',
      },
    ],
    width: 6,
    height: 7,
    unit: 's',
  }),
];
