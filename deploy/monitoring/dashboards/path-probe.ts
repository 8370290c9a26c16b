import type { Panel } from './grafana.ts';
import { NONE_STEPS, stat, timeSeries } from './panels.ts';
import { eventLoopDelay, of, rate } from './promql.ts';

const ITSELF = 'node="$node"';

/** The probe itself, on the node that is chosen. */
export const PROBE: readonly Panel[] = [
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
      'Within the rate window. 1 or more: metrics are not exported; the log of the pod has the reason.',
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
      'How many neighbours checked this node in the last minute. 0 while it reports: it receives no connections, or is cordoned or not ready.',
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
      'Event-loop lag of this probe. If it comes near the latencies above, the node is short of CPU, and they cannot be trusted.',
    queries: [{ expr: eventLoopDelay(0.99, ITSELF), legend: '{{node}}' }],
    width: 4,
    height: 6,
    unit: 's',
  }),
  timeSeries({
    title: 'Memory',
    description:
      'Resident memory, including the mapped program file: more than what counts against the limit of the container. It should be level after the first minutes; a steady rise is a leak: please report it.',
    queries: [{ expr: `sum(${of('process_resident_memory_bytes', ITSELF)})`, legend: 'resident' }],
    width: 4,
    height: 6,
    unit: 'bytes',
  }),
  timeSeries({
    title: 'CPU',
    description:
      'In cores. With a CPU limit near it, the probe is throttled and its latencies are too high: set no limit.',
    queries: [{ expr: rate('process_cpu_seconds_total', '', ITSELF), legend: 'CPU' }],
    width: 4,
    height: 6,
    unit: 'short',
  }),
];
