import type { CheckReport, Report } from '../../src/verdict/report.ts';

/** A pod of the fleet. */
export type FleetPod = Readonly<{ name: string; node: string; address: string }>;

/** How many nodes each pod checks. */
export const NEIGHBOURS = 10;

/** Written by `fleet.ts`: the nodes of the cluster, and the pods that one program reports for. */
export type FleetFile = Readonly<{ nodes: readonly string[]; served: readonly FleetPod[] }>;

const COMPONENTS = ['api_server_direct', 'api_server_dns', 'me_ingress', 'me_service'] as const;

/** The report of a pod that checks these nodes, and cannot reach `down`. `now`: Unix time. */
export function fleetReport(
  { name, node }: FleetPod,
  neighbours: readonly string[],
  down: string,
  now: number,
): Report {
  return {
    schema: 1,
    pod: name,
    node,
    zone: '',
    version: '0.1.0',
    startedAt: now - 86_400,
    reportedAt: now,
    checkIntervalSeconds: 5,
    checks: [
      ...COMPONENTS.map((kind) => ({
        ...checkReport(true, now),
        type: kind,
        kind,
        byName: kind !== 'api_server_direct',
      })),
      ...neighbours.map((to) => ({
        ...checkReport(to !== down, now),
        type: `path_${to}`,
        kind: 'path' as const,
        node: to,
        zone: '',
        byName: false,
      })),
    ],
    eventLoopDelaySeconds: 0.0012345,
    neighbourhood: { state: 'ok', listedAt: now - 0.123 },
  };
}

function checkReport(isOk: boolean, now: number): Omit<CheckReport, 'type' | 'kind' | 'byName'> {
  return {
    state: isOk ? 'ok' : 'failing',
    since: now - (isOk ? 3_600 : 300),
    consecutive: isOk ? 720 : 60,
    cause: isOk ? null : 'refused',
    event: isOk ? null : 'connect_done',
    text: isOk ? null : 'connecting to 10.0.0.1:8080: connection refused (ECONNREFUSED)',
    lastMinute: {
      checks: 12,
      failures: isOk ? 0 : 12,
      medianSeconds: isOk ? 0.0021 + Math.random() / 1e4 : null,
      rttSeconds: isOk ? 0.00021 + Math.random() / 1e5 : null,
      segmentsSent: 84,
      segmentsRetransmitted: 0,
    },
  };
}
