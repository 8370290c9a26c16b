import type { KubeObject } from '../parts/control-plane.ts';

export const PODS = '/api/v1/namespaces/kubenurse/pods';
export const NODES = '/api/v1/nodes';

/**
 * A pod that a real API server also accepts, in a namespace that enforces *restricted*. It is bound
 * to a node only if `nodeName` is given.
 */
export function pod(
  name: string,
  options: Readonly<{
    namespace?: string;
    labels?: Record<string, string>;
    nodeName?: string;
    deletionTimestamp?: string;
    status?: Record<string, unknown>;
  }> = {},
): KubeObject {
  const { namespace = 'kubenurse', labels = {}, nodeName, deletionTimestamp, status } = options;
  return {
    metadata: { name, namespace, labels, ...(deletionTimestamp && { deletionTimestamp }) },
    spec: {
      ...(nodeName && { nodeName }),
      serviceAccountName: 'kubenurse',
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'kubenurse',
          image: 'kubenurse',
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
    ...(status && { status }),
  };
}

export function node(name: string, options: { cordoned?: boolean } = {}): KubeObject {
  return { metadata: { name }, spec: options.cordoned ? { unschedulable: true } : {} };
}

/** The names in a list, or in a page of it. */
export function names(list: { items: { metadata: { name: string } }[] }): string[] {
  return list.items.map(({ metadata }) => metadata.name);
}
