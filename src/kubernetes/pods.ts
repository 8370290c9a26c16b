import type { Neighbour } from '../model.ts';
import { Informer, type InformerEvents } from './informer.ts';
import { isNodeName, isPodAddress, labelText, nameText, shownValue } from './invalid-values.ts';
import { ZONE_LABEL } from './nodes.ts';
import type { KubernetesObject } from './responses.ts';

/** The fields that are kept of a pod. */
export type Pod = Readonly<{
  neighbour: Neighbour;
  isTerminating: boolean;
  /** Its `Ready` condition is `False`. */
  isUnready: boolean;
  /** Its `Ready` condition has been `True` since it was first seen. */
  wasReady: boolean;
  /**
   * Its liveness or startup probe is `/ready`, as in upstream's chart up to 1.15.2: kubelet
   * restarts it while that returns 503.
   */
  isRestartedWhenUnready: boolean;
  /** The UID of the DaemonSet that it belongs to; empty if none. */
  daemonSet: string;
  /** Unix time in seconds, by the API server's clock; 0 if unknown. */
  createdAt: number;
  /** When it was first seen in phase Running, in milliseconds of `performance.now()`. */
  runningSince: number | undefined;
}>;

/** Every field may be of any type. */
type PodObject = KubernetesObject & {
  metadata: {
    creationTimestamp?: unknown;
    deletionTimestamp?: unknown;
    labels?: Record<string, unknown> | null;
    ownerReferences?: unknown;
  };
  spec?: { nodeName?: unknown; containers?: unknown } | null;
  status?: { phase?: unknown; podIP?: unknown; hostIP?: unknown; conditions?: unknown } | null;
};

export type PodsOptions = Readonly<{
  /** Empty: every namespace. */
  namespace: string;
  /** Empty: every pod. */
  labelSelector: string;
  /** Whether a pod may have a loopback address, as in a cluster on one machine. */
  allowLoopback: boolean;
}>;

/** The pods that match a label selector, by name, or for all namespaces by `<namespace>/<name>`. */
export function createPodInformer(
  { namespace, labelSelector, allowLoopback }: PodsOptions,
  events: InformerEvents,
): Informer<PodObject, Pod> {
  const options = {
    allowLoopback,
    onInvalid: events.onInvalid,
    shareUid: sharedText(),
    shareNamespace: sharedText(),
  };
  return new Informer<PodObject, Pod>({
    path:
      namespace === ''
        ? '/api/v1/pods'
        : `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
    query: labelSelector === '' ? {} : { labelSelector },
    keyOf: ({ metadata }) =>
      namespace === '' ? `${labelText(metadata.namespace)}/${metadata.name}` : metadata.name,
    transform: (object, previous) => toPod(object, previous, options),
    ...events,
  });
}

function toPod(
  { metadata, spec, status }: PodObject,
  previous: Pod | undefined,
  {
    allowLoopback,
    onInvalid,
    shareUid,
    shareNamespace,
  }: Pick<PodsOptions, 'allowLoopback'> &
    Pick<InformerEvents, 'onInvalid'> &
    Record<'shareUid' | 'shareNamespace', (text: string) => string>,
): Pod {
  const podName = nameText(metadata.name);
  const phase = labelText(status?.phase);
  const ready = readyCondition(status?.conditions);
  /** Empty if not set or invalid, so that the pod is not a neighbour. */
  const usable = (what: string, value: unknown, isUsable: (value: unknown) => value is string) => {
    if (isUsable(value)) return value;
    if (value !== undefined && value !== null && value !== '') {
      onInvalid(`ignoring pod ${shownValue(podName)}: invalid ${what} ${shownValue(value)}`);
    }
    return '';
  };
  return {
    neighbour: {
      podName,
      namespace: shareNamespace(labelText(metadata.namespace)),
      podIP: usable('IP address', status?.podIP, (value) => isPodAddress(value, { allowLoopback })),
      hostIP: labelText(status?.hostIP),
      nodeName: usable('node name', spec?.nodeName, isNodeName),
      phase,
      zone: labelText(metadata.labels?.[ZONE_LABEL]),
    },
    isTerminating: (metadata.deletionTimestamp ?? undefined) !== undefined,
    isUnready: ready === 'False',
    wasReady: ready === 'True' || (previous?.wasReady ?? false),
    isRestartedWhenUnready: isRestartedWhenUnready(spec?.containers),
    daemonSet: shareUid(daemonSetOf(metadata.ownerReferences)),
    createdAt: Date.parse(labelText(metadata.creationTimestamp)) / 1000 || 0,
    runningSince: phase === 'Running' ? (previous?.runningSince ?? performance.now()) : undefined,
  };
}

/** The status of the `Ready` condition. */
function readyCondition(conditions: unknown): unknown {
  if (!Array.isArray(conditions)) return undefined;
  return conditions.find((condition) => condition?.type === 'Ready')?.status;
}

/** Whether kubelet restarts a container when its probe of `/ready` fails. */
function isRestartedWhenUnready(containers: unknown): boolean {
  if (!Array.isArray(containers)) return false;
  return containers.some((container) =>
    [container?.livenessProbe, container?.startupProbe].some(
      (probe) => probe?.httpGet?.path === '/ready',
    ),
  );
}

/**
 * The UID of the DaemonSet that controls the pod. If it is forged, the DaemonSet's controller
 * deletes the pod, as the younger of two on a node, or, if the pod lacks the labels of its
 * selector, removes the reference.
 */
function daemonSetOf(owners: unknown): string {
  if (!Array.isArray(owners)) return '';
  return labelText(
    owners.find((each) => each?.controller === true && each.kind === 'DaemonSet')?.uid,
  );
}

/**
 * Returns the previous text if it is equal, so that thousands of pods share one copy of a UID or
 * namespace.
 */
function sharedText(): (text: string) => string {
  let last = '';
  return (text) => {
    if (text !== last) last = text;
    return last;
  };
}
