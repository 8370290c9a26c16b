import type { Draft } from './draft.ts';
import type { Evidence } from './evidence.ts';
import { latency } from './words.ts';

/**
 * Mean event-loop delay, in seconds, above which the probe's own latencies mean nothing (the
 * alert's threshold).
 */
const STARVED = 0.01;

/** Nodes whose probe gets too little CPU: what they measure is their own delay. */
export function starvedNodes({ reports }: Evidence): Set<string> {
  const starved = [...reports.values()].filter(
    ({ eventLoopDelaySeconds }) => eventLoopDelaySeconds > STARVED,
  );
  return new Set(starved.map(({ node }) => node));
}

export function findStarved({ reports }: Evidence, starved: ReadonlySet<string>): Draft[] {
  return [...starved].map((node): Draft => {
    const delay = latency(reports.get(node)?.eventLoopDelaySeconds ?? 0);
    return {
      kind: 'starved',
      severity: 'warning',
      subject: { type: 'node', node, direction: 'both' },
      cause: null,
      since: null,
      witnesses: { agree: 1, of: 1 },
      headline: `The probe on ${node} gets too little CPU: its event loop lags by ${delay} on average.`,
      details: [
        'Latencies from and to it include this delay, and are not evaluated.',
        'Either the node is short of CPU, or the limit of the pod is too low.',
      ],
      runbook: 'KubenurseProbeStarved.md',
      victims: [],
    };
  });
}
