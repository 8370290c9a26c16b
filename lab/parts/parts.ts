import type { ControlPlane } from './control-plane.ts';
import type { DnsFault, IngressFault, NetworkFault, NetworkSplit, ProxyFault } from './faults.ts';

/**
 * Something that can be broken; `undefined` heals it. A returned promise resolves once that is in
 * effect.
 */
export interface Breakable<Fault> {
  break(fault: Fault | undefined): Promise<void> | void;
}

/** Where a connection is forwarded to. */
export type Backend = Readonly<{ address: string; port: number }>;

/** Where a pod in service can be reached. */
export type Endpoint = Readonly<{ addresses: readonly string[]; port: number }>;

/** What it takes to start a pod's program: the start of its command line, and its variables. */
export type Launch = Readonly<{ enter: readonly string[]; environment: Record<string, string> }>;

/** What a pod's program runs in: a network, and the files it is given. */
export interface PodSandbox extends Breakable<NetworkFault> {
  /** The pod's IP addresses, the primary one first. */
  readonly addresses: readonly string[];
  /**
   * Where the program can be reached, bypassing any fault in front of it:
   * `http://127.0.101.1:8080`.
   */
  readonly programUrl: string;
  /**
   * Writes the files that the program in the pod of this name reads. The Pod object already exists.
   */
  prepare(podName: string): Promise<Launch>;
  /** Gives the program another token in the same file. Resolves to the old one, still valid. */
  rotateToken(): Promise<string>;
  /** Whether no request through the Service or the ingress is in flight to the program. */
  isIdle(): Promise<boolean>;
  /** Frees the addresses and removes the files. */
  close(): Promise<void>;
}

/** The network that a node's pods are in. */
export interface NodeNetwork {
  /** The node's own IP addresses, the primary one first. */
  readonly addresses: readonly string[];
  addPod(): Promise<PodSandbox>;
  close(): Promise<void>;
}

/** The parts of a cluster other than its nodes, and what the nodes are made of. */
export interface Parts {
  /**
   * Embedded parts are servers of this project on loopback addresses; real ones can be broken in
   * more ways.
   */
  readonly kind: 'embedded' | 'real';
  readonly controlPlane: ControlPlane;
  readonly dns: Breakable<DnsFault>;
  readonly ingress: Breakable<IngressFault>;
  readonly service: Breakable<ProxyFault>;
  /** The network between the nodes. */
  readonly network: Breakable<NetworkSplit>;
  /** Makes the Service and the ingress forward to these pods from now on. */
  setEndpoints(endpoints: readonly Endpoint[]): Promise<void>;
  /** The network of the node with this number, counted from 1. */
  addNode(number: number, name: string): Promise<NodeNetwork>;
}

/**
 * Starts the parts. Whatever has been started is left for `stack` to close, even if another part
 * fails to start.
 */
export type StartParts<P extends Parts> = (stack: AsyncDisposableStack) => Promise<P>;
