import { createHash } from 'node:crypto';
import { ZONE } from '../../lab/parts/pod.ts';

/** The maximum that kubelet reports by default (`nodeStatusMaxImages`). */
const IMAGES = 50;
/** The number of images in a cluster; each node has some of them. */
const CATALOGUE = 120;

/** Identifies a node. */
type NodeName = Readonly<{ name: string; address: string }>;

/**
 * A Node as kubelet registers it: 17 KB of JSON, 12 KB of which are the images, by digest and by
 * tag. That is the low end of what production clusters have.
 */
export function largeNode({ name, address }: NodeName): {
  metadata: object;
  spec: object;
  status: object;
} {
  const first = Number.parseInt(sha256(name).slice(0, 4), 16);
  return {
    metadata: { name, labels: labels(name), annotations: annotations(name, address) },
    spec: {
      podCIDR: '10.71.0.0/24',
      providerID: `example:///${ZONE}/i-${sha256(name).slice(0, 17)}`,
    },
    status: {
      capacity: resources('16', '32561584Ki'),
      allocatable: resources('15890m', '31537584Ki'),
      conditions: conditions(new Date()),
      addresses: [
        { type: 'InternalIP', address },
        { type: 'InternalDNS', address: name },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        machineID: sha256(name).slice(0, 32),
        systemUUID: uuid(name),
        bootID: uuid(`${name} boot`),
        kernelVersion: '6.12.41-63.114.example.x86_64',
        osImage: 'Example Linux 2026.11.3',
        containerRuntimeVersion: 'containerd://2.2.1',
        kubeletVersion: 'v1.36.4',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
      images: Array.from({ length: IMAGES }, (_, index) => image((first + index) % CATALOGUE)),
      runtimeHandlers: ['', 'runc'].map((handler) => ({
        name: handler,
        features: { recursiveReadOnlyMounts: true, userNamespaces: true },
      })),
    },
  };
}

/** What kubelet patches in an unchanged status: the time of each condition's heartbeat. */
export function heartbeat(at: Date): object {
  return {
    status: {
      conditions: conditions(at).map(({ type, lastHeartbeatTime }) => ({
        type,
        lastHeartbeatTime,
      })),
    },
  };
}

function conditions(at: Date) {
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    lastHeartbeatTime: at.toISOString().replace(/\.\d+/, ''),
    lastTransitionTime: '2026-11-02T07:12:45Z',
    reason,
    message,
  });
  return [
    condition(
      'NetworkUnavailable',
      'False',
      'CniIsUp',
      'the network agent is running on this node',
    ),
    condition(
      'MemoryPressure',
      'False',
      'KubeletHasSufficientMemory',
      'kubelet has sufficient memory available',
    ),
    condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    condition(
      'PIDPressure',
      'False',
      'KubeletHasSufficientPID',
      'kubelet has sufficient PID available',
    ),
    condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
  ];
}

function labels(name: string): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': 'amd64',
    'beta.kubernetes.io/instance-type': 'm7.4xlarge',
    'beta.kubernetes.io/os': 'linux',
    'cluster.example.test/node-group': 'general-purpose-a',
    'cluster.example.test/release': '2026-11-03-0715',
    'failure-domain.beta.kubernetes.io/region': 'region-1',
    'failure-domain.beta.kubernetes.io/zone': ZONE,
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'node-role.kubernetes.io/worker': '',
    'node.kubernetes.io/instance-type': 'm7.4xlarge',
    'topology.csi.example.test/zone': ZONE,
    'topology.kubernetes.io/region': 'region-1',
    'topology.kubernetes.io/zone': ZONE,
  };
}

function annotations(name: string, address: string): Record<string, string> {
  return {
    'alpha.kubernetes.io/provided-node-ip': address,
    'csi.volume.kubernetes.io/nodeid': JSON.stringify({
      'block.csi.example.test': `i-${sha256(name).slice(0, 17)}`,
      'files.csi.example.test': name,
    }),
    'network.example.test/wireguard-public-key': sha256(`${name} key`),
    'node.alpha.kubernetes.io/ttl': '0',
    'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
  };
}

function resources(cpu: string, memory: string): Record<string, string> {
  return {
    cpu,
    'ephemeral-storage': '101430960Ki',
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory,
    pods: '110',
  };
}

function image(number: number): { names: string[]; sizeBytes: number } {
  const repository = `registry.example.test/mirror/team-${number % 12}/service-component-${number}`;
  return {
    names: [
      `${repository}@sha256:${sha256(repository)}`,
      `${repository}:v1.${number}.${number % 9}-build.${4000 + number}`,
    ],
    sizeBytes: 40_000_000 + number * 1_234_567,
  };
}

function uuid(of: string): string {
  return sha256(of).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
