import { faultHelp } from '../cluster/faults.ts';
import { COMMANDS } from './commands.ts';
import { KUBERNETES_COMMANDS, kubernetesFaults } from './kubernetes-commands.ts';

/** The maximum number of nodes of the demo, without and with `--kubernetes`. */
export const MAX_NODES = 50;
export const MAX_KUBERNETES_NODES = 9;

const OPTIONS = `npm run demo -- [--nodes N] [--real] [--break <part>:<fault>]...
npm run demo -- --kubernetes [--nodes N] [--break <part>:<fault>]...

Starts a cluster on this machine: an API server, a DNS server, an ingress, a
service, and N nodes (5 by default, at most ${MAX_NODES}) with one probe each. Shows the
results of their checks, and breaks parts: at the start by --break, or by a
command while it runs.

With --real, nodes are network namespaces, and the parts are those of a real
cluster: etcd, kube-apiserver (npm run tools builds them), nginx, dnsmasq and
nftables. Requires root on Linux.

With --kubernetes, the chart is installed in a whole Kubernetes cluster of 3 nodes
(at most ${MAX_KUBERNETES_NODES}), each with containerd, kubelet and kube-proxy. Requires root on Linux
with cgroup v1.`;

/** What `--help` prints, with the commands and faults of the kind of cluster that is selected. */
export function usage({ real, kubernetes }: Readonly<{ real: boolean; kubernetes: boolean }>) {
  const [commands, heading, faults] = kubernetes
    ? [KUBERNETES_COMMANDS, 'Faults of --kubernetes:', kubernetesFaults()]
    : [
        COMMANDS,
        real
          ? 'Parts and faults of --real:'
          : 'Parts and faults (--real and --kubernetes have others):',
        faultHelp(real ? 'real' : 'embedded'),
      ];
  const list = commands.map((line) => `  ${line}`);
  return [OPTIONS, '', 'Commands:', '', ...list, '', heading, ...faults].join('\n');
}
