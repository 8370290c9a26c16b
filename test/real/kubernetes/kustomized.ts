import { join } from 'node:path';
import type { KubernetesCluster } from '../../../lab/kubernetes/cluster.ts';
import { untilAllIsWell } from '../../../lab/kubernetes/probes.ts';
import { CertificateAuthority } from '../../../lab/support/certificates.ts';
import { run } from '../../../lab/support/command.ts';

export const DEPLOY = join(import.meta.dirname, '../../../deploy/kustomize');
/** The namespace of the manifests. */
export const KUSTOMIZE_NAMESPACE = 'kubenurse';
/** The pods still respond for some seconds. */
const REMOVAL_LIMIT_MS = 90_000;
const ROLLOUT_LIMIT_MS = 100_000;
const WELL_LIMIT_MS = 30_000;
/** Nothing is served at the URLs that they are given. */
const UNSERVED = ['me_ingress', 'example'];

/** Removes all that was installed, and adds the Secret that some variants need. */
export async function recreateNamespace(cluster: KubernetesCluster): Promise<void> {
  const removal = ['delete', 'namespace', KUSTOMIZE_NAMESPACE, '--ignore-not-found'];
  await run([...cluster.kubectl.command, ...removal], '', REMOVAL_LIMIT_MS);
  await cluster.kubectl.run('create', 'namespace', KUSTOMIZE_NAMESPACE);
  const authority = await CertificateAuthority.create('the Secret');
  const { certificate, key } = await authority.issue({ commonName: 'kubenurse' });
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name: 'kubenurse-tls', namespace: KUSTOMIZE_NAMESPACE },
    stringData: { 'tls.crt': certificate, 'tls.key': key },
  });
}

/** Applies these manifests. Rejects with what kubectl writes. */
export async function applyYaml({ kubectl }: KubernetesCluster, yaml: string): Promise<void> {
  await run([...kubectl.command, 'apply', '--filename=-'], yaml);
}

/** Applies a folder as `kubectl apply -k` does. */
export async function applyFolder(cluster: KubernetesCluster, folder: string): Promise<void> {
  await applyYaml(cluster, await cluster.kubectl.run('kustomize', folder));
}

/** Resolves when each pod of this workload, such as `daemonset/kubenurse`, is available. */
export async function untilRolledOut(
  { kubectl }: KubernetesCluster,
  workload: string,
): Promise<void> {
  const rollout = ['rollout', 'status', workload, '--timeout=90s'];
  const place = `--namespace=${KUSTOMIZE_NAMESPACE}`;
  await run([...kubectl.command, place, ...rollout], '', ROLLOUT_LIMIT_MS);
}

/**
 * Resolves when every node has a probe that is Ready, and no check fails except those of what is
 * not served.
 */
export async function untilInstalled(cluster: KubernetesCluster): Promise<void> {
  await untilRolledOut(cluster, 'daemonset/kubenurse');
  const { length } = cluster.nodes;
  await untilAllIsWell(cluster, KUSTOMIZE_NAMESPACE, length, WELL_LIMIT_MS, UNSERVED);
}
