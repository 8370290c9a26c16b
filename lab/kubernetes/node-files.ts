import { PAUSE_IMAGE } from './images.ts';
import { SETTINGS } from './node-init.ts';

/** What a node's files depend on. */
export type NodeSettings = Readonly<{
  name: string;
  /** The ranges of its pods, in the order of the families. */
  podRanges: readonly string[];
  /** The addresses of the cluster's DNS. */
  dns: readonly string[];
  /** The kubeconfigs with which kubelet and kube-proxy authenticate. */
  kubelet: string;
  kubeProxy: string;
  /** PEM: the authority that signs the API server's client certificate. */
  clientAuthority: string;
}>;

/** Debian's folder of CNI plugins. */
export const CNI_PROGRAMS = '/usr/lib/cni';
const CONTAINERD = `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  # CoreDNS listens on port 53 and is not root.
  enable_unprivileged_ports = true
  # Without CAP_SYS_RESOURCE, a score cannot be lowered.
  restrict_oom_score_adj = true
  disable_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_PROGRAMS}"
    conf_dir = "${SETTINGS}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`;

/** The files, by path in the node's settings folder. JSON is also YAML. */
export function nodeFiles(settings: NodeSettings): Record<string, string> {
  return {
    'containerd.toml': CONTAINERD,
    'cni/10-pods.conflist': JSON.stringify(podNetwork(settings)),
    'kubelet.yaml': JSON.stringify(kubelet(settings)),
    'kubelet.kubeconfig': settings.kubelet,
    'kube-proxy.yaml': JSON.stringify(kubeProxy(settings)),
    'kube-proxy.kubeconfig': settings.kubeProxy,
    'clients.crt': settings.clientAuthority,
    // CoreDNS has no server to forward to.
    'resolv.conf': 'nameserver 127.0.0.1\n',
  };
}

/**
 * A separate link for each pod. On a bridge, a pod's responses to a client next to it would bypass
 * kube-proxy's rules.
 */
function podNetwork({ podRanges }: NodeSettings): object {
  const routes = podRanges.map((range) => ({ dst: range.includes(':') ? '::/0' : '0.0.0.0/0' }));
  return {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          ranges: podRanges.map((subnet) => [{ subnet }]),
          routes,
          // Removed with the node, so that no addresses stay reserved for its pods.
          dataDir: '/run/pod-addresses',
        },
      },
    ],
  };
}

function kubelet({ dns }: NodeSettings): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${SETTINGS}/clients.crt` },
    },
    authorization: { mode: 'Webhook' },
    clusterDomain: 'cluster.local',
    clusterDNS: dns,
    resolvConf: `${SETTINGS}/resolv.conf`,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    oomScoreAdj: 0,
    maxOpenFiles: 20_000,
    enforceNodeAllocatable: ['pods'],
    // These measure the machine's resources, which are not the cluster's to fill.
    evictionHard: {
      'memory.available': '50Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
    },
    imageGCHighThresholdPercent: 100,
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
  };
}

function kubeProxy({ name }: NodeSettings): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    // Packets from anywhere other than its pods get the node's address.
    detectLocalMode: 'InterfaceNamePrefix',
    detectLocal: { interfaceNamePrefix: 'veth' },
    hostnameOverride: name,
    clientConnection: { kubeconfig: `${SETTINGS}/kube-proxy.kubeconfig` },
    // These apply to the whole machine.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    oomScoreAdj: 0,
  };
}
