import type { Neighbour } from '../probe.ts';
import { Collection, type CollectionOptions, type KubernetesObject } from './collection.ts';
import { ZONE_LABEL } from './nodes.ts';

/** What is kept of a pod. */
export type Pod = Readonly<{
  neighbour: Neighbour;
  isTerminating: boolean;
  /** It says itself that it is not ready (the `Ready` condition). */
  isUnready: boolean;
  /** It has said, since we know it, that it is ready. */
  wasReady: boolean;
  /** Its liveness or startup probe is `/ready`, as in upstream's chart up to 1.15.2: kubelet restarts it while that is 503. */
  isRestartedWhenUnready: boolean;
  /** When we first saw it in phase Running, in milliseconds of `performance.now()`. */
  runningSince: number | undefined;
}>;

type ContainerProbe = { httpGet?: { path?: string } };

type PodObject = KubernetesObject & {
  metadata: { deletionTimestamp?: string; labels?: Record<string, string> };
  spec?: {
    nodeName?: string;
    containers?: { livenessProbe?: ContainerProbe; startupProbe?: ContainerProbe }[];
  };
  status?: {
    phase?: string;
    podIP?: string;
    hostIP?: string;
    conditions?: { type: string; status: string }[];
  };
};

/** The pods of a namespace that match a label selector, by name. */
export function createPods(
  namespace: string,
  labelSelector: string,
  events: Pick<CollectionOptions<PodObject, Pod>, 'onChange' | 'onTrouble' | 'onContact'>,
): Collection<PodObject, Pod> {
  return new Collection<PodObject, Pod>({
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
    query: labelSelector === '' ? {} : { labelSelector },
    pick: pickPod,
    ...events,
  });
}

function pickPod({ metadata, spec, status }: PodObject, previous: Pod | undefined): Pod {
  const phase = status?.phase ?? '';
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return {
    neighbour: {
      podName: metadata.name,
      podIP: status?.podIP ?? '',
      hostIP: status?.hostIP ?? '',
      nodeName: spec?.nodeName ?? '',
      phase,
      zone: metadata.labels?.[ZONE_LABEL] ?? '',
    },
    isTerminating: metadata.deletionTimestamp !== undefined,
    isUnready: ready?.status === 'False',
    wasReady: ready?.status === 'True' || (previous?.wasReady ?? false),
    isRestartedWhenUnready: (spec?.containers ?? []).some(({ livenessProbe, startupProbe }) =>
      [livenessProbe, startupProbe].some((probe) => probe?.httpGet?.path === '/ready'),
    ),
    runningSince: phase === 'Running' ? (previous?.runningSince ?? performance.now()) : undefined,
  };
}
