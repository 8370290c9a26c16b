import { ApiError, apiRequest, readBody } from './api-request.ts';
import { Informer, type InformerEvents } from './informer.ts';
import { labelText } from './invalid-values.ts';
import { fieldsOf, type Json, parseObject } from './parse-object.ts';
import type { KubernetesObject } from './responses.ts';

/** The label of nodes, and from Kubernetes 1.35 on of pods, that names their zone. */
export const ZONE_LABEL = 'topology.kubernetes.io/zone';

/** In bytes; etcd accepts objects of up to 1.5 MiB. */
const MAX_METADATA_BYTES = 2 * 1024 * 1024;

/**
 * The cordoned nodes, by name. The field selector excludes all other nodes, and with them the
 * status updates of their kubelets, however large the cluster.
 */
export function createCordonedNodeInformer(
  events: InformerEvents,
): Informer<KubernetesObject, true> {
  return new Informer<KubernetesObject, true>({
    path: '/api/v1/nodes',
    query: { fieldSelector: 'spec.unschedulable=true' },
    transform: () => true,
    ...events,
  });
}

/**
 * Whether the API server reports that the node does not exist. False if it is unavailable or the
 * permission is missing.
 */
export async function isNodeGone(nodeName: string, signal: AbortSignal): Promise<boolean> {
  try {
    await readMetadata(nodeName, signal);
    return false;
  } catch (error) {
    return error instanceof ApiError && error.status === 404;
  }
}

/**
 * The zone label of a node; empty if it has none, if the node does not exist, or without permission
 * to read it. Rejects if the API server is unavailable.
 */
export async function readZone(nodeName: string, signal: AbortSignal): Promise<string> {
  try {
    const node = await readMetadata(nodeName, signal);
    return labelText(fieldsOf(fieldsOf(fieldsOf(node).metadata).labels)[ZONE_LABEL]);
  } catch (error) {
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return '';
    throw error;
  }
}

/** A node's name, labels and annotations, without the rest, which is far larger. */
async function readMetadata(nodeName: string, signal: AbortSignal): Promise<Json> {
  const response = await apiRequest(`/api/v1/nodes/${encodeURIComponent(nodeName)}`, {}, signal, {
    accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  });
  return parseObject(Buffer.from(await readBody(response, MAX_METADATA_BYTES))).value;
}
