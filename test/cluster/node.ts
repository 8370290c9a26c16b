import { randomUUID } from 'node:crypto';
import { Container } from './container.ts';
import type { ControlPlane } from './control-plane.ts';
import { httpGet } from './http-get.ts';
import type { NodeAddresses } from './layout.ts';
import { nodeObject, Pod } from './pod.ts';
import type { Lines } from './program.ts';
import { ReadinessProbe } from './readiness.ts';
import { until } from './until.ts';
import { type Backend, Wire, type WireFault } from './wire.ts';

/** How a node is broken. */
export type NodeFault =
  | WireFault
  | Readonly<
      /** The program stands still (SIGSTOP). */
      | { kind: 'suspended' }
      /** The Node object is unschedulable. */
      | { kind: 'cordoned' }
      /** The pod is being deleted and its program does not know it yet, as during a preStop hook. */
      | { kind: 'terminating' }
      /** The pod, its program and the Node object are gone. */
      | { kind: 'deleted' }
    >;

/** The port at which the program listens, and at which other pods reach it (contract). */
const PORT = 8080;

const READY_LIMIT_MS = 15_000;
/** `/alive` runs the checks, and waits for the slowest. */
const PAGE_LIMIT_MS = 10_000;

/** What a node needs of its cluster. */
export type NodeOptions = Readonly<{
  name: string;
  addresses: NodeAddresses;
  /** The program's file. */
  program: string;
  controlPlane: ControlPlane;
  /** The variables that the program in the pod of this name is started with. */
  environment: (podName: string) => Record<string, string>;
  /** Waits until nobody is connected to the pod by way of the service or the ingress. */
  drained: () => Promise<void>;
}>;

/**
 * A node: the program in a process of its own, the network in front of its pod, their objects in
 * the API server, and a kubelet's part, which asks whether the pod is ready.
 *
 * A fault of a node is to show on the paths to this node and nowhere else. So before any but
 * `cordoned` takes effect, the pod leaves the service and the ingress.
 */
export class ClusterNode {
  readonly name: string;
  /** Its pod's. */
  readonly address: string;
  readonly #options: NodeOptions;
  readonly #identity: { name: string; address: string; uid: string };
  readonly #wire: Wire;
  readonly #container: Container;
  #pod: Pod;
  #readiness: ReadinessProbe | undefined;
  #fault: NodeFault | undefined;
  #withdrawn = false;

  private constructor(options: NodeOptions, wire: Wire) {
    this.name = options.name;
    this.address = options.addresses.pod;
    this.#options = options;
    this.#identity = { name: this.name, address: this.address, uid: randomUUID() };
    this.#wire = wire;
    this.#container = new Container(this.name, options.program, () => void this.#setWire());
    this.#pod = new Pod(this.#identity, options.controlPlane);
  }

  /** Resolves when its pod is ready; rejects, with what its program wrote, when it is not within 15 s. */
  static async start(options: NodeOptions): Promise<ClusterNode> {
    const { pod, program } = options.addresses;
    const backends = [{ address: program, port: PORT }];
    const wire = await Wire.start({ address: pod, port: PORT, backends: () => backends });
    const node = new ClusterNode(options, wire);
    try {
      await node.#join();
      node.#readiness = new ReadinessProbe(node.#programUrl('/ready'), (isReady) =>
        node.#setReady(isReady),
      );
      await until(`${node.name} is ready`, READY_LIMIT_MS, () => node.endpoint !== undefined);
    } catch (error) {
      await node.close();
      throw error;
    }
    return node;
  }

  /** Where neighbours and people reach it. */
  get url(): string {
    return `http://${this.address}:${PORT}/alive`;
  }

  get podName(): string {
    return this.#pod.name;
  }

  /** Where the service and the ingress reach it; undefined while they should not. */
  get endpoint(): Backend | undefined {
    const isThere = this.#pod.ready && !this.#pod.terminating && this.#container.isRunning;
    return isThere && !this.#withdrawn ? { address: this.address, port: PORT } : undefined;
  }

  /** Whether other nodes should count it among their neighbours. */
  get isNeighbour(): boolean {
    const gone = this.#fault?.kind === 'deleted' || this.#fault?.kind === 'cordoned';
    return this.#pod.running && !this.#pod.terminating && !gone;
  }

  /** What its program has logged (its standard output). */
  get log(): Lines {
    return this.#container.stdout;
  }

  get stderr(): Lines {
    return this.#container.stderr;
  }

  /** How its program ended, such as `was ended by SIGKILL`; undefined while it runs. */
  get ended(): string | undefined {
    return this.#container.end;
  }

  /**
   * What a page of the program answers. Asked past the network in front of the pod, so that a
   * broken node can still be asked. Rejects when there is no answer within 10 s, or `stop` aborts.
   */
  get(path: string, stop?: AbortSignal): Promise<Readonly<{ status: number; body: string }>> {
    return httpGet(this.#programUrl(path), PAGE_LIMIT_MS, stop);
  }

  alive(stop?: AbortSignal): Promise<Readonly<{ status: number; body: string }>> {
    return this.get('/alive', stop);
  }

  /** Replaces the fault there was; `undefined` heals. Resolves when it is in effect. */
  async break(fault: NodeFault | undefined): Promise<void> {
    await this.#heal();
    this.#fault = fault;
    switch (fault?.kind) {
      case undefined:
        return;
      case 'cordoned':
        return this.#putNode(true);
      case 'suspended':
        await this.#withdraw();
        return this.#container.signal('SIGSTOP');
      case 'terminating':
        await this.#withdraw();
        return this.#pod.terminate();
      case 'deleted':
        await this.#withdraw();
        await this.#pod.terminate();
        return this.#leave();
      default:
        await this.#withdraw();
        return this.#setWire();
    }
  }

  /** Kills the program, as when its container crashes; the pod stays. `restart` begins another. */
  async kill(): Promise<void> {
    await this.#withdraw();
    await this.#container.kill();
  }

  /** Ends the program if it runs (SIGTERM), and starts it again in the same pod. */
  async restart(): Promise<void> {
    await this.#withdraw();
    await this.#container.stop();
    await this.#launch();
    this.#withdrawn = false;
  }

  /** Ends the program and frees the address; the objects stay in the API server. */
  async close(): Promise<void> {
    await this.#readiness?.close();
    await this.#container.stop();
    await this.#wire.close();
  }

  async #heal(): Promise<void> {
    const fault = this.#fault;
    this.#fault = undefined;
    switch (fault?.kind) {
      case undefined:
        return;
      case 'cordoned':
        return this.#putNode(false);
      case 'suspended':
        this.#container.signal('SIGCONT');
        break;
      case 'terminating':
        await this.#leave();
        await this.#join();
        break;
      case 'deleted':
        await this.#join();
        break;
      default:
        await this.#setWire();
    }
    this.#withdrawn = false;
  }

  /** A node comes, and a pod of its own with it. */
  async #join(): Promise<void> {
    await this.#putNode(false);
    this.#pod = new Pod(this.#identity, this.#options.controlPlane);
    await this.#pod.publish();
    await this.#launch();
  }

  async #leave(): Promise<void> {
    await this.#container.stop();
    await this.#pod.remove();
    await this.#options.controlPlane.remove('nodes', this.name);
  }

  async #launch(): Promise<void> {
    const environment = this.#options.environment(this.#pod.name);
    await this.#container.start(environment, this.#programUrl('/alwayshappy'));
    this.#pod.running = true;
    await this.#setWire();
    await this.#pod.publish();
  }

  async #withdraw(): Promise<void> {
    this.#withdrawn = true;
    await this.#options.drained();
  }

  /** Without a program nobody listens. */
  #setWire(): Promise<void> {
    const isRunning = this.#container.isRunning;
    return this.#wire.break(isRunning ? wireFaultOf(this.#fault) : { kind: 'down' });
  }

  async #putNode(cordoned: boolean): Promise<void> {
    await this.#options.controlPlane.put('nodes', nodeObject(this.#identity, cordoned));
  }

  async #setReady(isReady: boolean): Promise<void> {
    this.#pod.ready = isReady && this.#pod.running && this.#container.isRunning;
    await this.#pod.publish();
  }

  /** Past the network in front of the pod; kubelet, on the same node, asks so too. */
  #programUrl(path: string): string {
    return `http://${this.#options.addresses.program}:${PORT}${path}`;
  }
}

function wireFaultOf(fault: NodeFault | undefined): WireFault | undefined {
  switch (fault?.kind) {
    case 'down':
    case 'hang':
    case 'reset':
    case 'slow':
      return fault;
    default:
      return undefined;
  }
}
