import { describe } from 'vitest';
import { controlPlaneContract } from '../../lab/contract/control-plane-contract.ts';
import { startControlPlane, whyNoControlPlane } from '../../lab/real/control-plane-fixture.ts';
import type { KubeClient } from '../../lab/real/kube-client.ts';

/** Creates another namespace that pods can be put in. */
async function addNamespace(admin: KubeClient, name: string): Promise<void> {
  await admin.create('/api/v1/namespaces', { metadata: { name } });
  const accounts = `/api/v1/namespaces/${name}/serviceaccounts`;
  await admin.create(accounts, { metadata: { name: 'kubenurse' } });
}

/** Creates a service account that may do everything, and returns its token. */
async function addReader(admin: KubeClient): Promise<string> {
  const accounts = '/api/v1/namespaces/kube-system/serviceaccounts';
  const bindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
  await admin.create(accounts, { metadata: { name: 'reader' } });
  await admin.create(bindings, {
    metadata: { name: 'reader' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: 'kube-system' }],
  });
  const { status } = await admin.create(`${accounts}/reader/token`, { metadata: {}, spec: {} });
  return status.token;
}

describe.skipIf(whyNoControlPlane())('a real control plane', () => {
  controlPlaneContract('RealControlPlane', async () => {
    const stack = new AsyncDisposableStack();
    const controlPlane = await startControlPlane(stack, '10.41', ['IPv4']);
    await addNamespace(controlPlane.admin, 'other');
    const reader = await addReader(controlPlane.admin);
    return { controlPlane, reader, close: () => stack.disposeAsync() };
  });
});
