import type { KubernetesCluster } from '../../../lab/kubernetes/cluster.ts';

/** What the control group of a container has counted since its start. */
export type ContainerCost = Readonly<{
  /** Of the pod. */
  name: string;
  cpuSeconds: number;
  /** Periods in which it was throttled. */
  throttled: number;
  /** Bytes: now with the page cache, the maximum, and without the cache. */
  memory: number;
  maxMemory: number;
  anonymous: number;
  /** In bytes, and how often it was reached. */
  limit: number;
  limitHits: number;
  restarts: number;
}>;

/** Files of control groups, version 1: each prints one number. */
const READ = `set -e
container=$(find /sys/fs/cgroup/memory -type d -name "$1")
path=\${container#/sys/fs/cgroup/memory}
cpu=$(dirname "$(find /sys/fs/cgroup/*/"$path" -name cpu.stat)")
cpuacct=$(dirname "$(find /sys/fs/cgroup/*/"$path" -name cpuacct.usage)")
cat "$cpuacct/cpuacct.usage"
sed -n 's/nr_throttled //p' "$cpu/cpu.stat"
for file in usage_in_bytes max_usage_in_bytes limit_in_bytes failcnt; do cat "$container/memory.$file"; done
sed -n 's/^rss //p' "$container/memory.stat"`;

type Pod = Readonly<{
  metadata: { name: string };
  spec: { nodeName?: string };
  status: { containerStatuses?: { containerID: string; restartCount: number }[] };
}>;

/** The costs of each probe's container in this namespace. Rejects if one does not run. */
export async function containerCosts(
  cluster: KubernetesCluster,
  namespace: string,
): Promise<ContainerCost[]> {
  const selector = 'labelSelector=app.kubernetes.io%2Fcomponent%3Dprobe';
  const { items } = await cluster.admin.get(`/api/v1/namespaces/${namespace}/pods?${selector}`);
  return Promise.all(items.map((pod: Pod) => costOf(cluster, pod)));
}

async function costOf(cluster: KubernetesCluster, pod: Pod): Promise<ContainerCost> {
  const { name } = pod.metadata;
  const [status] = pod.status.containerStatuses ?? [];
  if (status === undefined) throw new Error(`${name} has no container`);
  const id = status.containerID.replace(/^.*\//, '');
  const output = await cluster.node(pod.spec.nodeName ?? '').run(['sh', '-c', READ, 'sh', id]);
  const numbers = output.trim().split('\n').map(Number);
  if (numbers.length !== 7) throw new Error(`${name}: unexpected control groups: ${output}`);
  const [cpu = 0, throttled = 0, memory = 0, maxMemory = 0, limit = 0, limitHits = 0, rss = 0] =
    numbers;
  return {
    ...{ name, throttled, memory, maxMemory, limit, limitHits },
    cpuSeconds: cpu / 1e9,
    anonymous: rss,
    restarts: status.restartCount,
  };
}
