import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { KubernetesCluster } from '../../../lab/kubernetes/cluster.ts';
import { explained } from '../../../lab/kubernetes/explained.ts';
import { FailureWatch } from '../../../lab/kubernetes/failure-watch.ts';
import { untilAllIsWell } from '../../../lab/kubernetes/probes.ts';
import { CHART } from '../helm.ts';

export const NAMESPACE = 'probe';
export const RELEASE = 'kn';
const WELL_LIMIT_MS = 20_000;
/** Three rounds of checks at the default interval. */
const THREE_ROUNDS_MS = 15_000;

/** Where `helm` finds the release. */
const PLACE = [`--namespace=${NAMESPACE}`];
const WAIT = ['--wait', '--timeout=90s', '--values=-'];

/** Creates the namespace, which enforces *restricted*. */
export function createNamespace(cluster: KubernetesCluster): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const metadata = { name: NAMESPACE, labels };
  return cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata });
}

/** Installs or upgrades a release with these values, and waits for its pods. */
export async function upgrade(
  cluster: KubernetesCluster,
  values: object = {},
  release = RELEASE,
): Promise<void> {
  const command = ['upgrade', '--install', release, CHART, ...PLACE, ...WAIT];
  await explained(cluster.kubectl, NAMESPACE, cluster.helm(command, values));
}

/** Resolves when every node has a pod that is Ready, and no check fails. */
export function untilWell(cluster: KubernetesCluster): Promise<void> {
  return untilAllIsWell(cluster, NAMESPACE, cluster.nodes.length, WELL_LIMIT_MS);
}

/** What failed during the change, and for some rounds of checks after it. */
export async function failuresDuring(
  cluster: KubernetesCluster,
  change: () => Promise<void>,
  afterMs = THREE_ROUNDS_MS,
): Promise<string[]> {
  await using watch = await FailureWatch.start(cluster, NAMESPACE);
  await change();
  await untilWell(cluster);
  await sleep(afterMs);
  expect(watch.pods.length).toBeGreaterThanOrEqual(cluster.nodes.length);
  return watch.failures.map(
    ({ node, pod, check, what, count }) => `${node} ${pod} ${check} ${what} ${count}`,
  );
}
