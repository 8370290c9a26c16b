import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import { allIsWell, type Failures, type Scenario } from '../cluster/scenario.ts';
import {
  API_SERVER as API_SERVER_FAILS,
  fault,
  INGRESS,
  NODE_3,
  SERVICE,
  SILENT,
  SILENT_NODE_3,
} from '../cluster/scenarios.ts';
import type { Resource } from '../parts/control-plane.ts';
import { until } from '../support/until.ts';
import type { RealParts } from './real-parts.ts';

const OTHERS = ['node-1', 'node-2', 'node-4', 'node-5'];
const FIRST = ['node-1', 'node-2'];
const LAST = ['node-3', 'node-4', 'node-5'];

const API_SERVER = ['api_server_direct', 'api_server_dns'];

/** The maximum backoff of a program, 30 s, and its jitter. */
const MAX_WAIT_MS = 40_000;
/** Two of the clusters' intervals and a spare one, so that every check runs into it. */
const RESTART_MS = 3_000;
const ANSWER_LIMIT_MS = 10_000;
/**
 * Four nodes send some 25 segments per second to a fifth, of which one in a hundred should be lost.
 */
const LOSS_LIMIT_MS = 60_000;
const MIN_SEGMENTS = 200;

/**
 * A changed file has been noticed by then: the programs check every 2 s (follow-file.ts), and
 * kubelet takes a minute.
 */
const NOTICED_AFTER_MS = 4_000;

/** These checks, all with this event. */
function failing(types: readonly string[], event: string): Failures {
  return Object.fromEntries(types.map((type) => [type, event]));
}

function pathsTo(nodes: readonly string[]): string[] {
  return nodes.map((node) => `path_${node}`);
}

/** What fails on a node whose outbound packets get nowhere. */
const CUT_OFF: Failures = {
  api_server_direct: 'connect_done unreachable',
  ...failing(['api_server_dns', 'me_ingress', 'me_service'], 'dns_done dns'),
  ...failing(pathsTo(OTHERS), 'connect_done unreachable'),
};

/** The verdict of the first nodes. */
const SPLIT = `mostly_silent view + split ${FIRST}<>${LAST}`;

/** What happens to a network. */
const NETWORK: readonly Scenario<RealParts>[] = [
  fault('node-3:deaf', { 'path_node-3': 'connect_done unreachable' }, NODE_3),
  fault(
    'node-3:mute',
    {},
    {
      shows: (node) => (node === 'node-3' ? CUT_OFF : {}),
      verdict: { 'node-1': 'node_reaches_nobody node-3', 'node-3': 'cut_off node-3' },
    },
  ),
  fault(
    'node-3:isolated',
    {},
    {
      shows: (node) =>
        node === 'node-3' ? CUT_OFF : { 'path_node-3': 'connect_done unreachable' },
      verdict: { 'node-1': NODE_3.verdict, 'node-3': 'cut_off node-3' },
    },
  ),
  fault(
    'network:split=2',
    {},
    {
      shows: (node) =>
        failing(pathsTo(FIRST.includes(node) ? LAST : FIRST), 'connect_done unreachable'),
      // The service has pods on either side.
      mayFail: () => ['me_service'],
      // Two silent nodes are not a side: they may as well be down.
      verdict: { 'node-1': SPLIT, 'node-3': 'node_unreachable node-1 + node_unreachable node-2' },
    },
  ),
  fault(
    'network:one-way-split=2',
    {},
    {
      shows: (node) =>
        FIRST.includes(node) ? failing(pathsTo(LAST), 'connect_done unreachable') : {},
      mayFail: (node) => (FIRST.includes(node) ? ['me_service'] : []),
      // The first nodes get no reports from the others: to them, it looks the same as a split both
      // ways.
      verdict: { 'node-1': SPLIT, 'node-3': `split ${FIRST}>${LAST}` },
    },
  ),
  fault(
    'node-3:mtu-black-hole',
    {},
    {
      shows: (node) =>
        node === 'node-3'
          ? {
              ...failing(API_SERVER, 'tls_handshake_done mtu'),
              ...failing(pathsTo(OTHERS), 'round_trip_error mtu'),
            }
          : { 'path_node-3': 'round_trip_error mtu' },
      // The packets that it sends and receives before the response are about that long.
      mayFail: (node) => (node === 'node-3' ? ['me_ingress'] : []),
      verdict: { 'node-1': 'mtu node-3', 'node-3': 'cut_off node-3' },
    },
  ),
  // The median is that of the last minute, most of which has to be slow.
  fault('node-3:slow=300ms', {}, { lastsMs: 35_000, verdict: 'slow node-3' }),
  fault('node-3:reordering', {}),
  ...[
    { percent: 10, least: 0.02, verdict: 'loss node-3' },
    // About as much as the verdict considers loss, so it is not compared (verdicts.ts).
    { percent: 1, least: 0.002, verdict: '' },
  ].map(({ percent, least, verdict }) =>
    fault(
      `node-3:loss=${percent}`,
      {},
      {
        lastsMs: 10_000,
        mute: ['node-3'],
        verdict,
        meanwhile: (cluster) => losesPackets(cluster, least),
        mayFail: (node) => (node === 'node-3' ? Object.keys(CUT_OFF) : ['path_node-3']),
      },
    ),
  ),
];

/**
 * Resolves once the paths to node-3 retransmit more than this share of what they send from now on.
 */
async function losesPackets({ nodes }: Cluster, least: number): Promise<void> {
  const others = nodes.filter(({ name }) => name !== 'node-3');
  const count = (page: string, what: string) =>
    Number(
      page.split(`kubenurse_tcp_segments_${what}_total{type="path_node-3"} `)[1]?.split('\n')[0],
    );
  const counts = async () => {
    const pages = await Promise.all(others.map((node) => node.get('/metrics')));
    const sum = (what: string) => pages.reduce((all, { body }) => all + count(body, what), 0);
    return { sent: sum('sent'), retransmitted: sum('retransmitted') };
  };
  const before = await counts();
  await until('packets to node-3 are lost', LOSS_LIMIT_MS, async () => {
    const after = await counts();
    const sent = after.sent - before.sent;
    return sent >= MIN_SEGMENTS && (after.retransmitted - before.retransmitted) / sent > least;
  });
}

/** What happens to the parts that a cluster has besides its nodes. */
const PARTS: readonly Scenario<RealParts>[] = [
  fault('ingress:504', { me_ingress: 'status_code_504 status' }, INGRESS),
  fault('ingress:reset', { me_ingress: 'tls_handshake_done reset' }, INGRESS),
  fault('ingress:hang', { me_ingress: `tls_handshake_done ${SILENT}` }, INGRESS),
  fault('service:hang', { me_service: `round_trip_error ${SILENT}` }, SERVICE),
  {
    name: 'the service has no endpoints',
    begin: ({ parts }) => parts.setEndpoints([]),
    end: (cluster) => cluster.setEndpoints(),
    shows: () => ({
      me_service: 'connect_done refused',
      me_ingress: 'status_code_503 status',
    }),
    ...SERVICE,
  },
];

/** What happens to the API server. */
const CONTROL_PLANE: readonly Scenario<RealParts>[] = [
  {
    name: 'the API server is restarted',
    begin: ({ parts }) => parts.controlPlane.restart(RESTART_MS),
    shows: () => failing(API_SERVER, 'connect_done refused'),
    // It is over before a verdict is reached.
    verdict: '',
  },
  {
    name: 'the API server is down for a minute, and node-3 meanwhile',
    begin: async (cluster) => {
      await cluster.break('api-server:down');
      await cluster.break('node-3:down');
    },
    lastsMs: 60_000,
    end: (cluster) => cluster.heal('all'),
    shows: (node) => ({
      ...failing(API_SERVER, 'connect_done refused'),
      ...(node !== 'node-3' && { 'path_node-3': 'connect_done refused' }),
    }),
    verdict: 'api_server cluster + node_unreachable node-3',
  },
  fault('api-server:slow=300ms', {}),
  fault('api-server:429', failing(API_SERVER, 'status_code_429 status'), API_SERVER_FAILS),
  {
    name: 'etcd is compacted, every watch ends with 410, and the pod of node-3 is replaced at once',
    begin: async (cluster) => {
      await cluster.parts.controlPlane.compact();
      await cluster.node('node-3').replacePod({ surge: false });
    },
    // The API server is killed for this, and is back within a tenth of a second.
    mayFail: () => API_SERVER,
  },
  {
    name: "the API server's certificate is rotated",
    begin: ({ parts }) => parts.controlPlane.rotateServingCertificate({ authority: 'same' }),
  },
  {
    name: "the cluster's authority is rotated, and every pod given the next one before",
    begin: async ({ parts }) => {
      const { controlPlane, distributeAuthorities } = parts;
      const announce = async (next: string) => {
        await distributeAuthorities(controlPlane.certificateAuthority + next);
        await sleep(NOTICED_AFTER_MS);
      };
      await controlPlane.rotateServingCertificate({ authority: 'new', announce });
      await distributeAuthorities(controlPlane.certificateAuthority);
    },
  },
  {
    name: "the cluster's authority is replaced, and no pod given the new one",
    begin: ({ parts }) => parts.controlPlane.rotateServingCertificate({ authority: 'new' }),
    end: ({ parts }) => parts.distributeAuthorities(parts.controlPlane.certificateAuthority),
    shows: () => failing(API_SERVER, 'tls_handshake_done tls'),
    ...API_SERVER_FAILS,
  },
  {
    name: 'the right to nodes is withheld, and every program starts without it',
    begin: (cluster) => startWithout(cluster, ['nodes']),
    end: ({ parts }) => parts.controlPlane.forbid([]),
    meanwhile: (cluster) => allIsWell(cluster, ANSWER_LIMIT_MS),
  },
  {
    name: 'every right is withheld, and every program starts without it',
    begin: (cluster) => startWithout(cluster, ['pods', 'nodes']),
    end: ({ parts }) => parts.controlPlane.forbid([]),
    meanwhile: async ({ nodes }) => {
      for (const node of nodes) {
        const { status, body } = await node.alive();
        const { neighbourhood_state: state } = JSON.parse(body);
        if (status === 500 && /403.*pods is forbidden/.test(state)) continue;
        throw new Error(`${node.name} does not say that it may not list pods: ${status} ${state}`);
      }
    },
    verdict: 'pod_list_stale view',
    healsMs: MAX_WAIT_MS,
  },
];

/** Gives each node a new pod whose program has never had these rights. */
async function startWithout(
  { parts, nodes }: Cluster<RealParts>,
  resources: readonly Resource[],
): Promise<void> {
  await parts.controlPlane.forbid(resources);
  await Promise.all(nodes.map((node) => node.replacePod({ surge: true })));
}

/** Scenarios that require the real parts. */
export const REAL_SCENARIOS: readonly Scenario<RealParts>[] = [
  ...NETWORK,
  ...PARTS,
  ...CONTROL_PLANE,
];

/** Scenarios in which the programs serve TLS. */
export const TLS_SCENARIOS: readonly Scenario<RealParts>[] = [
  fault('node-3:hang', { 'path_node-3': `tls_handshake_done ${SILENT}` }, SILENT_NODE_3),
  {
    name: 'the certificates of port 8443 are rotated',
    begin: ({ parts }) => parts.rotateCertificates(),
  },
];

/** The wall clock of every program jumps. `file` is what libfaketime reads (faketime.ts). */
export function clockSteps(file: string): Scenario<RealParts>[] {
  return ['+30m', '-30m'].map((step) => ({
    name: `the clock steps by ${step}`,
    begin: () => writeFile(file, `${step}\n`),
    end: () => writeFile(file, '+0\n'),
  }));
}
