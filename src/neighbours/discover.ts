import { EventEmitter, once } from 'node:events';
import { isIP } from 'node:net';
import type { Pod } from '../kubernetes/pods.ts';
import type { Neighbour } from '../model.ts';
import { Ring } from './choose.ts';

/** How long a pod that has not been ready yet may take to begin listening, in milliseconds, before it is asked. */
const STARTUP_GRACE_MS = 15_000;

/** How long the answer whether a node is gone is believed, in milliseconds: it bounds what a partition costs the API server. */
const NODE_CACHE_TTL_MS = 60_000;

/** How long after its beginning a failed check waits for the news that its target has left, in milliseconds. */
const GRACE_MS = 1_000;
/** The same while the API server tells nothing: it is asked again after a second, and the answer takes its time. */
const GRACE_DISCONNECTED_MS = 3_000;

/** What the API server knows; `undefined` until it has told. */
type Known<Item> = { readonly items: ReadonlyMap<string, Item> | undefined };

export type NeighbourhoodOptions = Readonly<{
  podName: string;
  /** Undefined where the environment does not say: then it is that of our pod, or our host's name. */
  nodeName: string | undefined;
  hostname: string;
  /** The most neighbours to ask; 0 = all. */
  limit: number;
  pods: Known<Pod> & {
    readonly error: Error | undefined;
    /** Whether the API server tells of changes at the moment. */
    readonly isWatching: boolean;
    /** Has the API server be asked again soon, if it does not tell at the moment. */
    retryNow(): void;
  };
  /** Undefined where cordoned nodes are asked as well. */
  cordonedNodes: Known<true> | undefined;
  isNodeGone: (nodeName: string, signal: AbortSignal) => Promise<boolean>;
  /** The zone of a node, undefined as long as it is not known; for neighbours whose pods do not say it. */
  zoneOf: (nodeName: string) => string | undefined;
  /** Called at each choice with the number of neighbours, and the number of pods that they were chosen from. */
  onChosen?: (neighbours: number, pods: number) => void;
}>;

/** Which neighbours there are, and which of them we ask. */
export class Neighbourhood {
  readonly #options: NeighbourhoodOptions;
  readonly #nodes = new Map<string, { isGone: boolean; until: number }>();
  readonly #ring = new Ring();
  #chosen: { neighbours: readonly Neighbour[]; until: number } | undefined;
  readonly #changes = new EventEmitter<{ changed: [] }>().setMaxListeners(0);

  constructor(options: NeighbourhoodOptions) {
    this.#options = options;
  }

  /** To be called when the pods or the cordoned nodes have changed. */
  changed(): void {
    this.#chosen = undefined;
    this.#changes.emit('changed');
  }

  /** The neighbours that we ask. Empty until the API server has told which there are. */
  neighbours(): readonly Neighbour[] {
    const now = performance.now();
    if (this.#chosen === undefined || now >= this.#chosen.until) this.#chosen = this.#choose(now);
    return this.#chosen.neighbours;
  }

  /** `ok` once we know our neighbours, before that why we do not. */
  state(): string {
    const { pods } = this.#options;
    if (pods.items !== undefined) return 'ok';
    return pods.error?.message ?? 'the API server has not listed the neighbours yet';
  }

  /** False where we do not know. */
  isOwnNodeCordoned(): boolean {
    return this.#options.cordonedNodes?.items?.has(this.ownNode()) ?? false;
  }

  /**
   * Whether the pod is to be unready because its node is cordoned: not where kubelet would restart it for that, again and
   * again, and not before it is known whether it would. A pod that is not listed, since the filter leaves it out, counts
   * as ours when it knows its node by the environment, which upstream's manifests do not set.
   */
  isUnreadyByCordon(): boolean {
    const { nodeName, podName, pods } = this.#options;
    if (pods.items === undefined || !this.isOwnNodeCordoned()) return false;
    const own = this.#podNamed(podName);
    return own === undefined ? nodeName !== undefined : !own.isRestartedWhenUnready;
  }

  /** The name of the node that we run on. */
  ownNode(): string {
    const { nodeName, podName, hostname } = this.#options;
    return nodeName ?? (this.#podNamed(podName)?.neighbour.nodeName || hostname);
  }

  /**
   * After the failure of a check that began at `since` (milliseconds of `performance.now()`): is the neighbour no longer
   * to be asked? Asks the API server, at most once a minute, whether its node is gone, and waits until a second after
   * the beginning for what it may be about to tell; 3 s if it does not tell at the moment. Never rejects.
   */
  async isGone(neighbour: Neighbour, since = performance.now()): Promise<boolean> {
    const { pods } = this.#options;
    const wait = pods.isWatching ? GRACE_MS : GRACE_DISCONNECTED_MS;
    pods.retryNow();
    await this.#lookForNode(neighbour.nodeName, AbortSignal.timeout(GRACE_MS));
    const left = Math.ceil(since + wait - performance.now());
    const timeIsUp = AbortSignal.timeout(Math.max(0, left));
    while (this.#isCandidate(neighbour) && !timeIsUp.aborted) {
      await once(this.#changes, 'changed', { signal: timeIsUp }).catch(() => {});
    }
    return !this.#isCandidate(neighbour);
  }

  async #lookForNode(nodeName: string, signal: AbortSignal): Promise<void> {
    const now = performance.now();
    if ((this.#nodes.get(nodeName)?.until ?? 0) > now) return;
    for (const [name, { until }] of this.#nodes) if (until <= now) this.#nodes.delete(name);
    this.#nodes.set(nodeName, { isGone: false, until: now + NODE_CACHE_TTL_MS });
    const isGone = await this.#options.isNodeGone(nodeName, signal);
    if (!isGone) return;
    this.#nodes.set(nodeName, { isGone, until: performance.now() + NODE_CACHE_TTL_MS });
    this.changed();
  }

  #podNamed(podName: string): Pod | undefined {
    const { items } = this.#options.pods;
    // Where there are pods of every namespace they are known by more than their names.
    return items?.get(podName) ?? items?.values().find((pod) => pod.neighbour.podName === podName);
  }

  #isCandidate({ podName, podIP }: Neighbour): boolean {
    const now = performance.now();
    const pod = this.#podNamed(podName);
    return pod !== undefined && pod.neighbour.podIP === podIP && this.#notBefore(pod, now) <= now;
  }

  #choose(now: number): { neighbours: readonly Neighbour[]; until: number } {
    let until = Infinity;
    const byNode = new Map<string, Pod>();
    for (const pod of this.#options.pods.items?.values() ?? []) {
      const notBefore = this.#notBefore(pod, now);
      const { nodeName } = pod.neighbour;
      if (notBefore > now) until = Math.min(until, notBefore);
      else byNode.set(nodeName, betterOf(pod, byNode.get(nodeName)));
    }
    const { limit, zoneOf } = this.#options;
    const chosen = this.#ring.choose(this.ownNode(), [...byNode.keys()], limit);
    const neighbours = chosen.flatMap((nodeName) => {
      const { neighbour } = byNode.get(nodeName) ?? {};
      return neighbour ? { ...neighbour, zone: neighbour.zone || zoneOf(nodeName) } : [];
    });
    const { items } = this.#options.pods;
    if (items !== undefined) this.#options.onChosen?.(neighbours.length, items.size);
    return { neighbours, until };
  }

  /** When a pod may be asked, in milliseconds of `performance.now()`; `Infinity`: not as things are. */
  #notBefore(pod: Pod, now: number): number {
    const { neighbour, isTerminating, isUnready, wasReady, runningSince } = pod;
    const { podName, podIP, nodeName } = neighbour;
    if (runningSince === undefined || isTerminating || isIP(podIP) === 0 || nodeName === '')
      return Infinity;
    if (podName === this.#options.podName) return Infinity;
    if (this.#options.cordonedNodes?.items?.has(nodeName)) return Infinity;
    const node = this.#nodes.get(nodeName);
    if (node?.isGone && node.until > now) return node.until;
    return isUnready && !wasReady ? runningSince + STARTUP_GRACE_MS : runningSince;
  }
}

/** Of two pods on a node (a rollout with surge) the one that is ready, and of two such the one that was there first. */
function betterOf(one: Pod, other: Pod | undefined): Pod {
  if (other === undefined) return one;
  const difference =
    Number(one.isUnready) - Number(other.isUnready) ||
    (one.runningSince ?? 0) - (other.runningSince ?? 0) ||
    (one.neighbour.podName < other.neighbour.podName ? -1 : 1);
  return difference < 0 ? one : other;
}
