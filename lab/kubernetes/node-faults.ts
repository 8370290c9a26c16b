import { KUBENURSE_IMAGE } from '../images/kubenurse-image.ts';
import type { NetworkFault } from '../parts/faults.ts';
import { familyOf } from '../real/address-plan.ts';
import { run } from '../support/command.ts';
import type { KubernetesCluster } from './cluster.ts';
import type { KubernetesNode } from './node.ts';
import type { NodeProgram } from './node-programs.ts';

/** One way to break a node, and to heal it. */
export type NodeWay = Readonly<{
  does: string;
  break: (node: KubernetesNode, cluster: KubernetesCluster) => Promise<void>;
  heal: (node: KubernetesNode, cluster: KubernetesCluster) => Promise<void>;
}>;

const TABLE = 'fault-of-lab';
const DRAIN_LIMIT_MS = 70_000;
const DRAIN = ['--ignore-daemonsets', '--delete-emptydir-data', '--force', '--timeout=60s'];

const program = (name: NodeProgram, does: string): NodeWay => ({
  does,
  break: (node) => node.kill(name),
  heal: (node) => node.start(name),
});

const network = (does: string, fault: NetworkFault): NodeWay => ({
  does,
  break: (node) => node.machine.break(fault),
  heal: (node) => node.machine.break(undefined),
});

/**
 * These rules apply to packets that arrive at the node and to its own, after connection tracking.
 */
const rules = (
  does: string,
  rulesOf: (node: KubernetesNode, cluster: KubernetesCluster) => readonly string[],
): NodeWay => ({
  does,
  break: (node, cluster) => {
    const own = rulesOf(node, cluster).join('\n');
    const chain = (hook: string) =>
      `chain ${hook} { type filter hook ${hook} priority mangle\n iifname lo accept\n ${own}\n }`;
    return node.machine.nft(
      `${REMOVAL}\ntable inet ${TABLE} {\n${chain('prerouting')}\n${chain('output')}\n}`,
    );
  },
  heal: (node) => node.machine.nft(REMOVAL),
});
const REMOVAL = `table inet ${TABLE}\ndelete table inet ${TABLE}`;

const cutOff = rules('reaches the API server, but no other node', (node, { nodes }) => {
  const others = nodes.filter((other) => other !== node);
  const sources = others.flatMap(({ addresses, podRanges }) => [...addresses, ...podRanges]);
  return [...Map.groupBy(sources, familyOf)].map(([family, ranges]) => {
    const header = family === 'IPv4' ? 'ip' : 'ip6';
    return `iifname eth0 ${header} saddr { ${ranges.join(', ')} } drop`;
  });
});

/** The limit itself (`nf_conntrack_max`) is the machine's, for all network namespaces. */
const conntrackFull = rules('no new connection, as when conntrack is full', (_, { fabric }) => [
  ...fabric.operator.map(
    (address) => `${familyOf(address) === 'IPv4' ? 'ip' : 'ip6'} saddr ${address} accept`,
  ),
  'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
  'ct state new drop',
]);

/** The faults of a node, by the name that is typed. */
export const NODE_FAULTS: Readonly<Record<string, NodeWay>> = {
  off: {
    does: 'power off: every process ends at once, and its link is gone',
    break: (node) => node.off(),
    heal: (node, cluster) => cluster.switchOn(node),
  },
  kubelet: program('kubelet', 'kubelet is killed: after about 50 s the Node is not Ready'),
  containerd: program('containerd', 'containerd is killed: its containers go on'),
  'kube-proxy': program('kube-proxy', 'kube-proxy is killed: its rules stay as they are'),
  'no-rules': {
    does: 'the rules of kube-proxy are flushed, and kube-proxy is killed',
    break: async (node) => {
      await node.kill('kube-proxy');
      await node.machine.nft(
        node.podRanges
          .map((range) => (familyOf(range) === 'IPv4' ? 'ip' : 'ip6'))
          .map((family) => `delete table ${family} kube-proxy`)
          .join('\n'),
      );
    },
    heal: (node) => node.start('kube-proxy'),
  },
  isolated: network('all packets of its link are lost', { kind: 'isolated' }),
  'cut-off': cutOff,
  mtu: network('packets over 1,000 bytes are lost', { kind: 'mtu-black-hole' }),
  loss: network('every fifth packet is lost', { kind: 'loss', percent: 20 }),
  'conntrack-full': conntrackFull,
  'no-image': {
    does: 'its pod is replaced, and the image cannot be pulled',
    break: async (node, cluster) => {
      await node.removeImage(KUBENURSE_IMAGE);
      await deleteProbe(node, cluster);
    },
    heal: async (node, cluster) => {
      await node.importImages();
      // kubelet would back off for up to five minutes before it retries.
      await deleteProbe(node, cluster);
    },
  },
  drained: {
    does: 'kubectl drain; heal: kubectl uncordon',
    break: async (node, { kubectl }) => {
      await run([...kubectl.command, 'drain', node.name, ...DRAIN], '', DRAIN_LIMIT_MS);
    },
    heal: async (node, { kubectl }) => {
      await kubectl.run('uncordon', node.name);
    },
  },
};

async function deleteProbe(node: KubernetesNode, { kubectl }: KubernetesCluster): Promise<void> {
  const which = ['--selector=app.kubernetes.io/name=kubenurse'];
  const where = `--field-selector=spec.nodeName=${node.name}`;
  await kubectl.run('delete', 'pod', '--all-namespaces', ...which, where);
}
