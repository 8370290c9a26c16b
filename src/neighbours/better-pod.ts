import type { Pod } from '../kubernetes/pods.ts';

/**
 * Of two pods on a node, prefers the one of this DaemonSet (its UID): anybody who may create pods
 * can set the labels of the filter. If both belong to it (a rollout with surge), prefers the ready
 * one; if both are ready, the older.
 */
export function betterOf(one: Pod, other: Pod | undefined, daemonSet: string): Pod {
  if (other === undefined) return one;
  const difference =
    Number(isOf(other, daemonSet)) - Number(isOf(one, daemonSet)) ||
    Number(one.isUnready) - Number(other.isUnready) ||
    (one.runningSince ?? 0) - (other.runningSince ?? 0) ||
    (one.neighbour.podName < other.neighbour.podName ? -1 : 1);
  return difference < 0 ? one : other;
}

/**
 * How many pods of a node are listed: a rollout with surge has two. Any others would only take up a
 * collection's time.
 */
const MAX_PER_NODE = 2;

/**
 * The two best pods of each node, sorted by node, the better one first. On nodes with a pod of this
 * DaemonSet (its UID), leaves out all others.
 */
export function trustedByNode(pods: readonly Pod[], daemonSet: string): Pod[] {
  const nodes = new Set(pods.filter((pod) => isOf(pod, daemonSet)).map(nodeOf));
  return pods
    .filter((pod) => isOf(pod, daemonSet) || !nodes.has(nodeOf(pod)))
    .sort((one, other) => {
      const [a, b] = [nodeOf(one), nodeOf(other)];
      if (a !== b) return a < b ? -1 : 1;
      return betterOf(one, other, daemonSet) === one ? -1 : 1;
    })
    .filter((pod, at, all) => {
      const better = all[at - MAX_PER_NODE];
      return better === undefined || nodeOf(better) !== nodeOf(pod);
    });
}

function nodeOf({ neighbour }: Pod): string {
  return neighbour.nodeName;
}

/** False for every pod if the UID is unknown (empty). */
function isOf(pod: Pod, daemonSet: string): boolean {
  return daemonSet !== '' && pod.daemonSet === daemonSet;
}
