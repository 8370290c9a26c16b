import type { Pod } from '../../src/kubernetes/pods.ts';
import { Neighbourhood, type NeighbourhoodOptions } from '../../src/neighbours/discover.ts';

type Known = {
  items: Map<string, Pod> | undefined;
  error: Error | undefined;
  isWatching: boolean;
  currentAt: number | null;
  /** How often `retryNow()` was called. */
  hurried: number;
  retryNow: () => void;
};

/** A neighbourhood whose API server the test simulates, and what the API server knows. */
export type Played = {
  neighbourhood: Neighbourhood;
  pods: Known;
  cordonedNodes: { items: Map<string, true> | undefined };
  /** The API server reports a pod, new or changed. */
  put: (...pods: readonly Pod[]) => void;
  /** The API server reports a pod as deleted. */
  remove: (pod: Pod) => void;
  /** The API server reports which nodes are cordoned. */
  cordon: (...nodeNames: readonly string[]) => void;
  /** The nodes of the chosen neighbours, in alphabetical order. */
  checkedNodes: () => string[];
};

/** By default, the pod is `kubenurse-own` on the node `own`, and there is no other pod yet. */
export function playNeighbourhood(options: Partial<NeighbourhoodOptions> = {}): Played {
  const pods: Known = {
    items: new Map(),
    error: undefined,
    isWatching: true,
    currentAt: null,
    hurried: 0,
    retryNow: () => {
      pods.hurried += 1;
    },
  };
  const cordonedNodes: Played['cordonedNodes'] = { items: new Map() };
  const neighbourhood = new Neighbourhood({
    podName: 'kubenurse-own',
    namespace: 'monitoring',
    nodeName: 'own',
    hostname: 'kubenurse-own',
    limit: 10,
    pods,
    cordonedNodes,
    isNodeGone: async () => false,
    zoneOf: () => '',
    ...options,
  });
  return {
    neighbourhood,
    pods,
    cordonedNodes,
    put: (...changed) => {
      for (const pod of changed) pods.items?.set(pod.neighbour.podName, pod);
      neighbourhood.changed();
    },
    remove: (pod) => {
      pods.items?.delete(pod.neighbour.podName);
      neighbourhood.changed();
    },
    cordon: (...nodeNames) => {
      cordonedNodes.items = new Map(nodeNames.map((name) => [name, true]));
      neighbourhood.changed();
    },
    checkedNodes: () =>
      neighbourhood
        .neighbours()
        .map(({ nodeName }) => nodeName)
        .sort(),
  };
}
