import type { Pod } from '../../src/kubernetes/pods.ts';
import type { Neighbour } from '../../src/model.ts';

/** The kubenurse pod on this node, as `/alive` would show it. */
export function neighbourOn(nodeName: string, podName = `kubenurse-${nodeName}`): Neighbour {
  return {
    ...{ podName, namespace: 'monitoring', podIP: '10.0.0.1', hostIP: '10.1.0.1' },
    ...{ nodeName, phase: 'Running', zone: '' },
  };
}

/** A kubenurse pod that has long been running and ready, unless specified otherwise. */
export function podOn(
  nodeName: string,
  { podName, podIP, ...rest }: Partial<Pod & Neighbour> = {},
): Pod {
  const neighbour = neighbourOn(nodeName, podName);
  return {
    neighbour: { ...neighbour, podIP: podIP ?? neighbour.podIP },
    isTerminating: false,
    isUnready: false,
    wasReady: !rest.isUnready,
    isRestartedWhenUnready: false,
    daemonSet: '',
    createdAt: 1_700_000_000,
    runningSince: 0,
    ...rest,
  };
}
