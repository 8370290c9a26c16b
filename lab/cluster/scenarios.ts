import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import type { Failures, Scenario } from './scenario.ts';

/** A fault (faults.ts) that must show in these checks, on every node except those blind to it. */
export function fault(
  name: string,
  shows: Failures,
  { blind = [], ...more }: { blind?: readonly string[] } & Partial<Scenario> = {},
): Scenario {
  return {
    name,
    begin: (cluster) => cluster.break(name),
    end: (cluster) => cluster.heal(name.split(':')[0] ?? ''),
    shows: (node) => (blind.includes(node) ? {} : shows),
    ...more,
  };
}

/**
 * A program of the embedded cluster receives data and stays silent; in the real one, packets with
 * data are dropped.
 */
export const SILENT = 'hung|packets_lost';

export const NODE_3 = { blind: ['node-3'], verdict: 'node_unreachable node-3' };
/** As for `SILENT`: the program hangs, or packets are lost. */
export const SILENT_NODE_3 = { blind: ['node-3'], verdict: 'node_unreachable|loss node-3' };

export const SERVICE = { verdict: 'service cluster' };
export const INGRESS = { verdict: 'ingress cluster' };
export const API_SERVER = { verdict: 'api_server cluster' };
const DNS = { verdict: 'dns cluster' };

/** No check takes longer (contract). */
const CHECK_LIMIT_MS = 6_000;

/** What can happen to one node and its pod. */
export const NODE_FAULTS: readonly Scenario[] = [
  fault('node-3:down', { 'path_node-3': 'connect_done refused' }, NODE_3),
  fault('node-3:reset', { 'path_node-3': 'round_trip_error reset' }, NODE_3),
  fault('node-3:hang', { 'path_node-3': `round_trip_error ${SILENT}` }, SILENT_NODE_3),
  fault(
    'node-3:suspended',
    { 'path_node-3': 'round_trip_error hung' },
    { ...NODE_3, mute: ['node-3'] },
  ),
  {
    name: 'the program of node-3 is killed, and later started again',
    begin: (cluster) => cluster.node('node-3').kill(),
    end: (cluster) => cluster.node('node-3').restart(),
    shows: (node) => (node === 'node-3' ? {} : { 'path_node-3': 'connect_done refused' }),
    verdict: NODE_3.verdict,
    mute: ['node-3'],
  },
  fault('node-3:cordoned', {}),
  fault('node-3:terminating', {}),
];

/** Changes of every pod that no check may notice. */
export const ROLLOUTS: readonly Scenario[] = [
  {
    name: 'a rolling update',
    begin: (cluster) => rollOut(cluster, { surge: false }),
  },
  {
    name: 'a rolling update with surge',
    begin: (cluster) => rollOut(cluster, { surge: true }),
  },
];

async function rollOut({ nodes }: Cluster, how: { surge: boolean }): Promise<void> {
  for (const node of nodes) await node.replacePod(how);
}

/** Nodes and pods that come and go, which no check may notice. */
export const NODE_CHANGES: readonly Scenario[] = [
  ...ROLLOUTS,
  fault('node-3:deleted', {}, { mute: ['node-3'] }),
  {
    name: 'a node is cordoned, drained and deleted',
    begin: async (cluster) => {
      await cluster.break('node-3:cordoned');
      await cluster.break('node-3:deleted');
    },
    end: (cluster) => cluster.heal('node-3'),
    mute: ['node-3'],
  },
  {
    name: 'a node joins',
    begin: async (cluster) => {
      await cluster.addNode();
    },
    end: (cluster) => cluster.removeNode(cluster.nodes.at(-1)?.name ?? ''),
  },
];

/** What can happen to everything that the nodes check. */
export const COMPONENT_SCENARIOS: readonly Scenario[] = [
  fault('service:down', { me_service: 'connect_done refused' }, SERVICE),
  fault('service:reset', { me_service: 'round_trip_error reset' }, SERVICE),
  fault('service:slow=100ms', {}),
  fault('ingress:down', { me_ingress: 'connect_done refused' }, INGRESS),
  fault('ingress:503', { me_ingress: 'status_code_503 status' }, INGRESS),
  fault('ingress:wrong-certificate', { me_ingress: 'tls_handshake_done tls' }, INGRESS),
  fault(
    'api-server:down',
    {
      api_server_direct: 'connect_done refused',
      api_server_dns: 'connect_done refused',
    },
    API_SERVER,
  ),
  fault(
    'api-server:hang',
    {
      api_server_direct: `tls_handshake_done ${SILENT}`,
      api_server_dns: `tls_handshake_done ${SILENT}`,
    },
    API_SERVER,
  ),
  ...['dns:silent', 'dns:servfail', 'dns:nxdomain'].map((name) =>
    fault(
      name,
      {
        api_server_dns: 'dns_done dns',
        me_ingress: 'dns_done dns',
        me_service: 'dns_done dns',
      },
      DNS,
    ),
  ),
  {
    name: 'every token is rotated, and the old one revoked',
    begin: async ({ nodes, parts }) => {
      const rotate = () => Promise.all(nodes.map((node) => node.rotateToken()));
      // The first ones end with their pods.
      await rotate();
      const old = await rotate();
      // A program that has already read the old one continues with it; kubelet leaves a fifth of an
      // hour.
      await sleep(CHECK_LIMIT_MS);
      await Promise.all(old.map((token) => parts.controlPlane.revoke(token)));
    },
  },
];

/** What is possible with both control planes and the parts around them. */
export const SCENARIOS: readonly Scenario[] = [
  ...NODE_FAULTS,
  ...NODE_CHANGES,
  ...COMPONENT_SCENARIOS,
];
