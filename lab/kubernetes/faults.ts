import type { NetworkFault } from '../parts/faults.ts';
import type { KubernetesCluster } from './cluster.ts';
import type { KubernetesNode, NodeProgram } from './node.ts';

/** One way to break a node, and to mend it. */
type Way = Readonly<{
  does: string;
  break: (node: KubernetesNode) => Promise<void>;
  heal: (node: KubernetesNode, cluster: KubernetesCluster) => Promise<void>;
}>;

const program = (name: NodeProgram, does: string): Way => ({
  does,
  break: (node) => node.kill(name),
  heal: (node) => node.start(name),
});

const network = (does: string, fault: NetworkFault): Way => ({
  does,
  break: (node) => node.machine.break(fault),
  heal: (node) => node.machine.break(undefined),
});

/** What a node can have, by the name that is typed. */
export const NODE_FAULTS: Readonly<Record<string, Way>> = {
  off: {
    does: 'power off: every process ends at once, and its link is gone',
    break: (node) => node.off(),
    heal: (node, cluster) => cluster.switchOn(node),
  },
  kubelet: program('kubelet', 'kubelet is killed: after about 50 s the Node is not Ready'),
  containerd: program('containerd', 'containerd is killed: its containers go on'),
  'kube-proxy': program('kube-proxy', 'kube-proxy is killed: its rules stay as they are'),
  isolated: network('all packets of its link are lost', { kind: 'isolated' }),
  mtu: network('packets over 1,000 bytes are lost', { kind: 'mtu-black-hole' }),
  loss: network('every fifth packet is lost', { kind: 'loss', percent: 20 }),
};
