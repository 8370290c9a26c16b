import { NAMESPACE } from '../../lab/parts/pod.ts';
import type { RealControlPlane } from '../../lab/real/control-plane.ts';
import type { Access } from './object-writer.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/** An RBAC rule: what a service account may do. */
export type Rule = Readonly<{
  apiGroups: readonly string[];
  resources: readonly string[];
  verbs: readonly string[];
}>;

/**
 * Creates a service account of this name in kubenurse's namespace, with this right in the whole
 * cluster, and a token that is valid for an hour.
 */
export async function addServiceAccount(
  { admin, url, certificateAuthority }: RealControlPlane,
  name: string,
  rule: Rule,
): Promise<Access & Readonly<{ user: string }>> {
  const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;
  await admin.create(accounts, { metadata: { name } });
  await admin.create(`${RBAC}/clusterroles`, { metadata: { name }, rules: [rule] });
  await admin.create(`${RBAC}/clusterrolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', namespace: NAMESPACE, name }],
  });
  const { status } = await admin.create(`${accounts}/${name}/token`, {
    metadata: {},
    spec: { expirationSeconds: 3_600 },
  });
  const user = `system:serviceaccount:${NAMESPACE}:${name}`;
  return { url, certificateAuthority, token: status.token, user };
}
