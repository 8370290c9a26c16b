import { run } from '../support/command.ts';
import type { KubernetesCluster } from './cluster.ts';
import type { KubernetesNode } from './node.ts';

/** One way to break a part, and to heal it. */
type ClusterWay = Readonly<{
  does: string;
  break: (cluster: KubernetesCluster) => Promise<void>;
  heal: (cluster: KubernetesCluster) => Promise<void>;
}>;

const SLOW_MS = 1_000;
const ROLLOUT_LIMIT_MS = 100_000;
const PROBES = '--selector=app.kubernetes.io/name=kubenurse';
const DNS_PORT = 53;
const COREDNS = ['--namespace=kube-system', 'deployment/coredns'];

/**
 * Sends signal `$1` to each CoreDNS process in the PID namespace, found by its arguments. The
 * pattern does not match itself.
 */
const SIGNAL_COREDNS = `for process in /proc/[0-9]*; do
  if grep -qs '/coredns/Corefil[e]' "$process/cmdline"; then kill -s "$1" "\${process#/proc/}"; fi
done`;

const signal = (name: 'STOP' | 'CONT', nodes: readonly KubernetesNode[]) =>
  Promise.all(
    nodes
      .filter(({ isOn }) => isOn)
      .map((node) => node.run(['sh', '-c', SIGNAL_COREDNS, 'sh', name])),
  );

/** The nodes on which CoreDNS runs, in order. */
async function nodesOfDns({ admin, nodes }: KubernetesCluster): Promise<KubernetesNode[]> {
  const { items } = await admin.get(
    '/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns',
  );
  const names = items.map(({ spec }: { spec: { nodeName: string } }) => spec.nodeName);
  return nodes.filter(({ name }) => names.includes(name));
}

const scale = async ({ kubectl }: KubernetesCluster, replicas: number) => {
  await kubectl.run('scale', ...COREDNS, `--replicas=${replicas}`);
  const status = ['rollout', 'status', '--timeout=90s', ...COREDNS];
  await run([...kubectl.command, ...status], '', ROLLOUT_LIMIT_MS);
};

/** The faults of CoreDNS. */
export const DNS_FAULTS: Readonly<Record<string, ClusterWay>> = {
  'one-hangs': {
    does: 'one of the two pods of CoreDNS is stopped (SIGSTOP) until kubelet restarts it',
    break: async (cluster) => {
      await signal('STOP', (await nodesOfDns(cluster)).slice(0, 1));
    },
    heal: async (cluster) => {
      await signal('CONT', cluster.nodes);
    },
  },
  hangs: {
    does: 'both pods of CoreDNS are stopped (SIGSTOP) until kubelet restarts them',
    break: async (cluster) => {
      await signal('STOP', await nodesOfDns(cluster));
    },
    heal: async (cluster) => {
      await signal('CONT', cluster.nodes);
    },
  },
  down: {
    does: 'CoreDNS has no pods',
    break: (cluster) => scale(cluster, 0),
    heal: (cluster) => scale(cluster, 2),
  },
  slow: {
    does: 'packets from CoreDNS to other nodes are delayed by 1 s',
    break: async ({ nodes }) => {
      const fault = { kind: 'slow', milliseconds: SLOW_MS } as const;
      await Promise.all(nodes.map(({ machine }) => machine.break(fault, [DNS_PORT])));
    },
    heal: async ({ nodes }) => {
      await Promise.all(nodes.map(({ machine }) => machine.break(undefined)));
    },
  },
};

/** The faults of the API server. */
export const API_SERVER_FAULTS: Readonly<Record<string, ClusterWay>> = {
  down: {
    does: 'it refuses connections',
    break: ({ controlPlane }) => controlPlane.kill(),
    heal: ({ controlPlane }) => controlPlane.start(),
  },
  rotated: {
    does: 'it has a new certificate, of the same authority',
    break: ({ controlPlane }) => controlPlane.certificate.rotate('same'),
    heal: async () => {},
  },
};

/** What can happen to the pods of kubenurse. */
export const PROBE_FAULTS: Readonly<Record<string, ClusterWay>> = {
  rollout: {
    does: 'every pod of kubenurse is replaced',
    break: async ({ kubectl }) => {
      const { items } = JSON.parse(await kubectl.run('get', 'daemonset', '-A', '-o=json', PROBES));
      for (const { metadata } of items) {
        const which = [`--namespace=${metadata.namespace}`, `daemonset/${metadata.name}`];
        await kubectl.run('rollout', 'restart', ...which);
        const status = ['rollout', 'status', '--timeout=90s', ...which];
        await run([...kubectl.command, ...status], '', ROLLOUT_LIMIT_MS);
      }
    },
    heal: async () => {},
  },
};
