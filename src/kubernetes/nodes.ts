import { ApiError, apiRequest } from './api-request.ts';
import { Collection, type CollectionOptions, type KubernetesObject } from './collection.ts';

/**
 * The cordoned nodes, by name. The field selector keeps every other node, and the status updates of all their
 * kubelets, away from us, however large the cluster.
 */
export function createCordonedNodes(
  events: Pick<CollectionOptions<KubernetesObject, true>, 'onChange' | 'onTrouble' | 'onContact'>,
): Collection<KubernetesObject, true> {
  return new Collection<KubernetesObject, true>({
    path: '/api/v1/nodes',
    query: { fieldSelector: 'spec.unschedulable=true' },
    pick: () => true,
    ...events,
  });
}

/** Whether the API server says that there is no such node. False when it does not answer, or may not tell us. */
export async function isNodeGone(nodeName: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await apiRequest(
      `/api/v1/nodes/${encodeURIComponent(nodeName)}`,
      {},
      signal,
      'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    );
    response.destroy();
    return false;
  } catch (error) {
    return error instanceof ApiError && error.status === 404;
  }
}
