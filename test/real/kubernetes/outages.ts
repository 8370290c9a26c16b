import type { KubernetesCluster } from '../../../lab/kubernetes/cluster.ts';
import { parseFault } from '../../../lab/kubernetes/faults.ts';
import type { Outage } from './outage.ts';

/** Outage alerts fire within 77 s of a fault (docs/alerts.md). */
const ALERT_MS = 90_000;
/** The alert of an MTU fault fires within two minutes. */
const MTU_ALERT_MS = 120_000;
/** The node controller waits 40 s for a kubelet, and acts within 5. */
const NOT_READY_MS = 75_000;
/** Three rounds of checks. */
const ROUNDS_MS = 20_000;

const BY_NAME = ['api_server_dns', 'me_service'];
const OTHERS = ['node-1', 'node-2'];
const PATHS_OF_NODE_3 = OTHERS.map((each) => `path_${each}`);
const NODES = [...OTHERS, 'node-3'];

const fault = (
  name: string,
  heading: string,
  rest: Omit<Outage, 'name' | 'begin' | 'end'>,
): Outage => ({
  name: heading,
  begin: (cluster: KubernetesCluster) => parseFault(name, NODES).break(cluster),
  end: (cluster: KubernetesCluster) => parseFault(name, NODES).heal(cluster),
  ...rest,
});

const all = (checks: readonly string[], what: string) =>
  Object.fromEntries(checks.map((check) => [check, what]));

/**
 * node-3 opens no connection to another node, so that these of its checks fail, and is not reached.
 */
const unreachableNode3 = (failing: readonly string[]): Omit<Outage, 'name' | 'begin' | 'end'> => ({
  shows: (node) =>
    node === 'node-3'
      ? { ...all(failing, 'connect_done unreachable'), ...all(BY_NAME, 'dns_done dns') }
      : { 'path_node-3': 'connect_done unreachable' },
  mayFail: () => ['me_service'],
  verdict: ['node_unreachable node-3'],
  alert: 'KubenurseNodeUnreachable node-3',
  lastsMs: ALERT_MS,
});

/** The one that CI plays. */
export const NO_RULES = fault('node-3:no-rules', 'the rules of kube-proxy on node-3 are flushed', {
  shows: (node) =>
    node === 'node-3'
      ? { api_server_direct: 'connect_done unreachable', ...all(BY_NAME, 'dns_done dns') }
      : {},
  // The kernel still knows connections through the Service, and drops one to the same pod from the
  // same port.
  mayFail: (node) => (node === 'node-3' ? PATHS_OF_NODE_3 : []),
  verdict: ['api_server node-3', 'dns node-3'],
  lastsMs: ALERT_MS,
});

/** What can happen to the Kubernetes around the probes, with CoreDNS on node-1 and node-2. */
export const OUTAGES: readonly Outage[] = [
  fault('node-3:off', 'node-3, without CoreDNS, loses power', {
    shows: (node) => (node === 'node-3' ? {} : { 'path_node-3': 'connect_done unreachable' }),
    // The Service sends to its pod until the Node is not Ready.
    mayFail: () => ['me_service'],
    verdict: ['node_unreachable node-3'],
    alert: 'KubenurseNodeUnreachable node-3',
    lastsMs: ALERT_MS,
  }),
  fault('node-2:off', 'node-2, with one of two pods of CoreDNS, loses power', {
    shows: (node) => (node === 'node-2' ? {} : { 'path_node-2': 'connect_done unreachable' }),
    // Until the Node is not Ready, half of the queries are lost, and a third of the connections to
    // the Service.
    mayFail: () => BY_NAME,
    verdict: ['node_unreachable node-2'],
    alert: 'KubenurseNodeUnreachable node-2',
    lastsMs: ALERT_MS,
  }),
  fault('node-3:kubelet', 'kubelet of node-3 is dead, until the Node is not Ready', {
    lastsMs: NOT_READY_MS,
  }),
  fault('node-3:kube-proxy', 'kube-proxy of node-3 is dead', { lastsMs: ROUNDS_MS }),
  {
    name: 'kube-proxy of node-3 is dead, and every pod is replaced',
    begin: async (cluster) => {
      await parseFault('node-3:kube-proxy', NODES).break(cluster);
      await parseFault('probe:rollout', NODES).break(cluster);
    },
    end: (cluster) => parseFault('node-3:kube-proxy', NODES).heal(cluster),
    shows: (node) => (node === 'node-3' ? { me_service: 'connect_done unreachable' } : {}),
    verdict: ['service node-3'],
  },
  NO_RULES,
  fault('dns:one-hangs', 'one of two pods of CoreDNS hangs', {
    mayFail: () => BY_NAME,
    lastsMs: ROUNDS_MS,
  }),
  fault('dns:hangs', 'both pods of CoreDNS hang', {
    shows: () => all(BY_NAME, 'dns_done dns'),
    verdict: ['dns cluster'],
    lastsMs: ROUNDS_MS,
  }),
  fault('dns:down', 'CoreDNS has no pods', {
    shows: () => all(BY_NAME, 'dns_done dns'),
    verdict: ['dns cluster'],
    alert: 'KubenurseDnsFailing',
    lastsMs: ALERT_MS,
  }),
  fault('dns:slow', 'CoreDNS takes a second to reply', { mayFind: ['slow'], lastsMs: ALERT_MS }),
  fault('node-3:mtu', 'the link of node-3 loses packets over 1,000 bytes', {
    shows: (node) =>
      node === 'node-3'
        ? all([...PATHS_OF_NODE_3, 'api_server_direct', 'api_server_dns'], 'mtu')
        : { 'path_node-3': 'mtu' },
    verdict: ['mtu node-3'],
    alert: 'KubenurseMtuFault node-3',
    lastsMs: MTU_ALERT_MS,
  }),
  fault(
    'node-3:cut-off',
    'node-3 reaches the API server, but no other node',
    unreachableNode3(PATHS_OF_NODE_3),
  ),
  fault(
    'node-3:conntrack-full',
    'conntrack of node-3 is full: no new connection',
    unreachableNode3([...PATHS_OF_NODE_3, 'api_server_direct']),
  ),
  fault('api-server:rotated', "the API server's certificate is rotated", { lastsMs: ROUNDS_MS }),
  fault('api-server:down', 'the API server is down', {
    shows: () => all(['api_server_direct', 'api_server_dns'], 'connect_done refused'),
    verdict: ['api_server cluster'],
    alert: 'KubenurseApiServerUnreachable',
    lastsMs: ALERT_MS,
  }),
  fault('node-3:no-image', 'the pod of node-3 is replaced, and its image cannot be pulled', {
    lastsMs: ROUNDS_MS,
  }),
  fault('node-3:drained', 'node-3 is drained', { lastsMs: ROUNDS_MS }),
];
