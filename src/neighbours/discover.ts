import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../kubernetes/pods.ts';
import type { Neighbour } from '../model.ts';
import { printable } from '../printable.ts';
import { betterOf, trustedByNode } from './better-pod.ts';
import { Ring } from './choose.ts';
import type { ListedPod, PodList } from './pod-list.ts';

/**
 * How long a pod that has never been ready may take to start listening, in milliseconds, before it
 * is checked.
 */
const STARTUP_GRACE_MS = 15_000;

/**
 * How long to cache whether a node is gone, in milliseconds: bounds API server load in a partition.
 */
const NODE_CACHE_TTL_MS = 60_000;

/**
 * How long after the start of a failed check to decide whether its target is gone, in milliseconds.
 */
const GRACE_MS = 1_000;
/**
 * The same while the watch is disconnected: after its first failures, the next attempt starts
 * within a second, and takes time.
 */
const GRACE_DISCONNECTED_MS = 3_000;

/** How many characters of an API server's error are shown. */
const MAX_TEXT = 300;

/** A list of the API server; `undefined` until the first one has been received. */
type Known<Item> = { readonly items: ReadonlyMap<string, Item> | undefined };

export type NeighbourhoodOptions = Readonly<{
  podName: string;
  /**
   * Undefined if unknown, when pods of every namespace are listed: the first pod of that name is
   * then taken as this one.
   */
  namespace: string | undefined;
  /**
   * Undefined if not set in the environment: then the node that the API server reports for the pod,
   * or the host name.
   */
  nodeName: string | undefined;
  hostname: string;
  /** The maximum number of neighbours to check; 0 = all. */
  limit: number;
  pods: Known<Pod> & {
    readonly error: Error | undefined;
    /** Whether the watch is connected. */
    readonly isWatching: boolean;
    /** When the list was last known to be current, in Unix seconds; null before the first one. */
    readonly currentAt: number | null;
    /** Ends the back-off if the watch is disconnected. */
    retryNow(): void;
  };
  /** Undefined if neighbours on cordoned nodes are checked too. */
  cordonedNodes: Known<true> | undefined;
  isNodeGone: (nodeName: string, signal: AbortSignal) => Promise<boolean>;
  /** The zone of a node, undefined until known; for neighbours whose pods lack the label. */
  zoneOf: (nodeName: string) => string | undefined;
  /**
   * Called at each choice with the number of neighbours, and the number of pods that they were
   * chosen from.
   */
  onChosen?: (neighbours: number, pods: number) => void;
}>;

/** The pods that may be checked, by node, and those that are. */
type Choice = Readonly<{
  byNode: ReadonlyMap<string, Pod>;
  nodes: readonly string[];
  neighbours: readonly Neighbour[];
  /** Addresses of all pods, even those that may not be checked, and names of the pods and nodes. */
  addresses: ReadonlySet<string>;
  names: ReadonlySet<string>;
  until: number;
}>;

/** The neighbours of this pod, and which of them it checks. */
export class Neighbourhood {
  readonly #options: NeighbourhoodOptions;
  readonly #nodes = new Map<string, { isGone: boolean; until: number }>();
  readonly #ring = new Ring();
  #chosen: Choice | undefined;

  constructor(options: NeighbourhoodOptions) {
    this.#options = options;
  }

  /** Call when the pods or the cordoned nodes have changed. */
  changed(): void {
    // The first call starts the look-up of the zone, which the first report needs.
    if (this.#options.pods.items !== undefined) this.ownZone();
    this.#chosen = undefined;
  }

  /** The neighbours to check. Empty until the API server has listed the pods. */
  neighbours(): readonly Neighbour[] {
    return this.#current().neighbours;
  }

  /** The nodes whose pods may be checked, in the order of `sort()`. */
  nodes(): readonly string[] {
    return this.#current().nodes;
  }

  /** Whether a pod of the list has this address. */
  isPodAddress(address: string): boolean {
    return this.#current().addresses.has(address);
  }

  /**
   * Whether a pod of the list goes by this name: its own, or its node's, as with upstream's pods on
   * the host's network. Until the API server has listed the pods, any name is accepted.
   */
  isCaller(name: string): boolean {
    return this.#options.pods.items === undefined || this.#current().names.has(name);
  }

  /** The pod on a node, if it may be checked; its zone only if the pod has the label. */
  candidate(nodeName: string): Neighbour | undefined {
    return this.#current().byNode.get(nodeName)?.neighbour;
  }

  /** The same with its zone, which may have to be looked up. */
  candidateWithZone(nodeName: string): Neighbour | undefined {
    const neighbour = this.candidate(nodeName);
    return neighbour && this.#withZone(neighbour);
  }

  /** `ok` once the neighbours are known; before that, the reason why they are not. */
  state(): string {
    const { pods } = this.#options;
    if (pods.items !== undefined) return 'ok';
    return messageOf(pods.error) ?? 'the API server has not listed the neighbours yet';
  }

  /**
   * `ok`, or why the list of pods cannot be updated; and when it was last known to be current, in
   * Unix seconds.
   */
  listState(): { state: string; listedAt: number | null } {
    const { error, currentAt } = this.#options.pods;
    return { state: messageOf(error) ?? this.state(), listedAt: currentAt };
  }

  /**
   * All pods that others check and those on cordoned nodes, whichever ones this pod chose. Sorted
   * by node; of two on a node (a rollout with surge), the one that neighbours check comes first. On
   * nodes with a pod of the DaemonSet, all others are left out.
   */
  podList(): PodList {
    const { podName, pods, cordonedNodes } = this.#options;
    const now = performance.now();
    const { state, listedAt } = this.listState();
    const running = [...(pods.items?.values() ?? [])].filter(
      (pod) => this.#respondsFrom(pod, now) <= now,
    );
    const cordoned = [...(cordonedNodes?.items?.keys() ?? [])];
    const listed = trustedByNode(running, this.#daemonSet())
      .filter(({ neighbour }) => neighbour.podName !== podName)
      .map(toListed);
    return { pods: listed, cordoned, listedAt, error: state === 'ok' ? null : state };
  }

  /** The zone of the node that this pod runs on; empty if it has none or it is not known yet. */
  ownZone(): string {
    const { zoneOf } = this.#options;
    return this.#ownPod()?.neighbour.zone || (zoneOf(this.ownNode()) ?? '');
  }

  /** False if unknown. */
  isOwnNodeCordoned(): boolean {
    return this.#options.cordonedNodes?.items?.has(this.ownNode()) ?? false;
  }

  /**
   * Whether the pod must be unready because its node is cordoned: not if kubelet would keep
   * restarting it for that, and not before this is known. A pod that the filter excludes from the
   * list must know its node from the environment, which upstream's manifests do not set.
   */
  isUnreadyByCordon(): boolean {
    const { nodeName, pods } = this.#options;
    if (pods.items === undefined || !this.isOwnNodeCordoned()) return false;
    const own = this.#ownPod();
    return own === undefined ? nodeName !== undefined : !own.isRestartedWhenUnready;
  }

  /** The name of the node of this pod. */
  ownNode(): string {
    const { nodeName, hostname } = this.#options;
    return nodeName ?? (this.#ownPod()?.neighbour.nodeName || hostname);
  }

  /**
   * After the failure of a check that began at `since` (milliseconds of `performance.now()`):
   * whether the neighbour must no longer be checked. Looks up, at most once a minute, whether its
   * node is gone. If it must still be checked, waits for events until a second after `since`, 3 s
   * if the watch is disconnected, and only then looks at what they have changed: at each event, ten
   * thousand waiting checks would take all the time. Never rejects.
   */
  async isGone(neighbour: Neighbour, since = performance.now()): Promise<boolean> {
    const { pods } = this.#options;
    const wait = pods.isWatching ? GRACE_MS : GRACE_DISCONNECTED_MS;
    pods.retryNow();
    await this.#lookForNode(neighbour.nodeName);
    if (!this.#isCandidate(neighbour)) return true;
    const left = since + wait - performance.now();
    if (left > 0) await sleep(left, undefined, { ref: false });
    return !this.#isCandidate(neighbour);
  }

  async #lookForNode(nodeName: string): Promise<void> {
    const now = performance.now();
    for (const [name, { until }] of this.#nodes) {
      if (until > now) break;
      this.#nodes.delete(name);
    }
    if ((this.#nodes.get(nodeName)?.until ?? 0) > now) return;
    this.#nodes.set(nodeName, { isGone: false, until: now + NODE_CACHE_TTL_MS });
    const isGone = await this.#options.isNodeGone(nodeName, AbortSignal.timeout(GRACE_MS));
    if (!isGone) return;
    // Deleted first, so that the map stays in the order of expiry.
    this.#nodes.delete(nodeName);
    this.#nodes.set(nodeName, { isGone, until: performance.now() + NODE_CACHE_TTL_MS });
    this.changed();
  }

  #pod(namespace: string, podName: string): Pod | undefined {
    const { items } = this.#options.pods;
    // With pods of every namespace, the keys contain the namespace.
    return items?.get(podName) ?? items?.get(`${namespace}/${podName}`);
  }

  #ownPod(): Pod | undefined {
    const { namespace = '', podName, pods } = this.#options;
    const known = this.#pod(namespace, podName);
    if (known !== undefined || namespace !== '') return known;
    return pods.items?.values().find((pod) => pod.neighbour.podName === podName);
  }

  /** The UID of the DaemonSet of this pod; empty if it has none or is not listed. */
  #daemonSet(): string {
    return this.#ownPod()?.daemonSet ?? '';
  }

  #isCandidate({ namespace, podName, podIP }: Neighbour): boolean {
    const now = performance.now();
    const pod = this.#pod(namespace, podName);
    return pod !== undefined && pod.neighbour.podIP === podIP && this.#notBefore(pod, now) <= now;
  }

  #current(): Choice {
    const now = performance.now();
    if (this.#chosen === undefined || now >= this.#chosen.until) this.#chosen = this.#choose(now);
    return this.#chosen;
  }

  #withZone(neighbour: Neighbour): Neighbour {
    return { ...neighbour, zone: neighbour.zone || this.#options.zoneOf(neighbour.nodeName) };
  }

  #choose(now: number): Choice {
    let until = Infinity;
    const byNode = new Map<string, Pod>();
    const addresses = new Set<string>();
    const names = new Set<string>();
    const daemonSet = this.#daemonSet();
    for (const pod of this.#options.pods.items?.values() ?? []) {
      const notBefore = this.#notBefore(pod, now);
      const { podName, nodeName, podIP } = pod.neighbour;
      addresses.add(podIP);
      names.add(podName).add(nodeName);
      if (notBefore > now) until = Math.min(until, notBefore);
      else byNode.set(nodeName, betterOf(pod, byNode.get(nodeName), daemonSet));
    }
    const nodes = [...byNode.keys()].sort();
    const chosen = this.#ring.choose(this.ownNode(), nodes, this.#options.limit);
    const neighbours = chosen.flatMap((nodeName) => {
      const { neighbour } = byNode.get(nodeName) ?? {};
      return neighbour ? this.#withZone(neighbour) : [];
    });
    const { items } = this.#options.pods;
    if (items !== undefined) this.#options.onChosen?.(neighbours.length, items.size);
    return { byNode, nodes, neighbours, addresses, names, until };
  }

  /**
   * When a pod may be checked, in milliseconds of `performance.now()`; `Infinity`: not in its
   * current state.
   */
  #notBefore(pod: Pod, now: number): number {
    const { podName, nodeName } = pod.neighbour;
    if (podName === this.#options.podName) return Infinity;
    if (this.#options.cordonedNodes?.items?.has(nodeName)) return Infinity;
    return this.#respondsFrom(pod, now);
  }

  /**
   * When a pod should respond, in milliseconds of `performance.now()`; `Infinity`: not in its
   * current state.
   */
  #respondsFrom(pod: Pod, now: number): number {
    const { neighbour, isTerminating, isUnready, wasReady, runningSince } = pod;
    const { podIP, nodeName } = neighbour;
    if (runningSince === undefined || isTerminating || isIP(podIP) === 0 || nodeName === '')
      return Infinity;
    const node = this.#nodes.get(nodeName);
    if (node?.isGone && node.until > now) return node.until;
    return isUnready && !wasReady ? runningSince + STARTUP_GRACE_MS : runningSince;
  }
}

function messageOf(error: Error | undefined): string | undefined {
  return error && printable(error.message, MAX_TEXT);
}

function toListed({ neighbour, createdAt }: Pod): ListedPod {
  const { podName, nodeName, zone, podIP } = neighbour;
  return { pod: podName, node: nodeName, zone: zone ?? '', podIP, createdAt };
}
