import type { ControlPlane } from './control-plane.ts';
import type { DnsFault, IngressFault, NetworkFault, NetworkSplit, ProxyFault } from './faults.ts';

/** Something that can be broken; `undefined` heals it. What it returns resolves when that is in effect. */
export interface Breakable<Fault> {
  break(fault: Fault | undefined): Promise<void> | void;
}

/** Where a connection is forwarded to. */
export type Backend = Readonly<{ address: string; port: number }>;

/** Where a pod in service is reached. */
export type Endpoint = Readonly<{ addresses: readonly string[]; port: number }>;

/** What it takes to start the program of a pod: what its command line begins with, and its variables. */
export type Launch = Readonly<{ enter: readonly string[]; environment: Record<string, string> }>;

/** What a pod's program runs in: a network, and the files it is given. */
export interface PodSandbox extends Breakable<NetworkFault> {
  /** The pod's IP addresses, the primary one first. */
  readonly addresses: readonly string[];
  /** Where the program is reached past any fault in front of it: `http://127.0.101.1:8080`. */
  readonly programUrl: string;
  /** Writes the files that the program in the pod of this name reads. Its Pod object is there already. */
  prepare(podName: string): Promise<Launch>;
  /** Gives the program another token in the same file. Resolves to the old one, which still holds. */
  rotateToken(): Promise<string>;
  /** Whether no request by way of the service or the ingress is with the program. */
  isIdle(): Promise<boolean>;
  /** Frees the addresses and removes the files. */
  close(): Promise<void>;
}

/** Where the pods of a node are. */
export interface NodeNetwork {
  /** The node's own IP addresses, the primary one first. */
  readonly addresses: readonly string[];
  addPod(): Promise<PodSandbox>;
  close(): Promise<void>;
}

/** The parts of a cluster that are not nodes, and what its nodes are made of. */
export interface Parts {
  /** The embedded ones are servers of this project at loopback addresses; with the real ones, more can be broken. */
  readonly kind: 'embedded' | 'real';
  readonly controlPlane: ControlPlane;
  readonly dns: Breakable<DnsFault>;
  readonly ingress: Breakable<IngressFault>;
  readonly service: Breakable<ProxyFault>;
  /** Between the nodes. */
  readonly network: Breakable<NetworkSplit>;
  /** Has the service and the ingress forward to these pods from now on. */
  setEndpoints(endpoints: readonly Endpoint[]): Promise<void>;
  /** The network of the node of this number, counted from 1. */
  addNode(number: number, name: string): Promise<NodeNetwork>;
}

/** Starts the parts. Whatever is started is left for `stack` to close, also when another is not. */
export type StartParts<P extends Parts> = (stack: AsyncDisposableStack) => Promise<P>;
