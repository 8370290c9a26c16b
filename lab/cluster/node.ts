import { randomUUID } from 'node:crypto';
import { reachable } from '../embedded/one-address.ts';
import type { ControlPlane } from '../parts/control-plane.ts';
import type { NetworkFault } from '../parts/faults.ts';
import type { Endpoint, NodeNetwork } from '../parts/parts.ts';
import { type NodeIdentity, nodeObject } from '../parts/pod.ts';
import { httpGet } from '../support/http-get.ts';
import { Lines } from '../support/program.ts';
import { toUrlHost } from '../support/url-host.ts';
import type { ReadinessTimes } from './readiness.ts';
import { RunningPod } from './running-pod.ts';

/** How a node is broken. */
export type NodeFault =
  | NetworkFault
  | Readonly<
      /** The program is stopped (SIGSTOP). */
      | { kind: 'suspended' }
      /** The Node object is unschedulable. */
      | { kind: 'cordoned' }
      /** The pod is being deleted, but its program does not know yet, as during a preStop hook. */
      | { kind: 'terminating' }
      /** The pod, its program and the Node object are gone. */
      | { kind: 'deleted' }
    >;

/** `/alive` runs the checks, and waits for the slowest. */
const PAGE_LIMIT_MS = 10_000;
/** kubelet's default for nodeStatusUpdateFrequency. */
const HEARTBEAT_MS = 10_000;

/** What a node needs from its cluster. */
export type NodeOptions = Readonly<{
  name: string;
  network: NodeNetwork;
  controlPlane: ControlPlane;
  /** The program's file, and its variables besides those of the sandbox. */
  program: string;
  environment: Readonly<Record<string, string>>;
  /**
   * Called whenever an endpoint may have changed. Resolves once the Service and the ingress know.
   */
  endpointsChanged: () => Promise<void>;
  readiness: ReadinessTimes;
}>;

/**
 * A node with one kubenurse pod, or two while one replaces the other, and kubelet's part: their
 * objects in the API server, and the node's heartbeat.
 *
 * A node's fault must show on the paths to this node and nowhere else. So before any fault except
 * `cordoned` takes effect, the pod is removed from the Service and the ingress.
 */
export class ClusterNode {
  readonly name: string;
  /** What the programs of all its pods have logged (their standard output). */
  readonly log = new Lines();
  readonly stderr = new Lines();
  readonly #options: NodeOptions;
  readonly #identity: NodeIdentity;
  readonly #pods: RunningPod[] = [];
  #pod!: RunningPod;
  #fault: NodeFault | undefined;
  #heartbeat: NodeJS.Timeout | undefined;

  private constructor(options: NodeOptions) {
    this.name = options.name;
    this.#options = options;
    const { addresses } = options.network;
    this.#identity = { name: this.name, uid: randomUUID(), addresses };
  }

  /**
   * Resolves once its pod is ready. If it is not within 15 s, rejects with its program's output.
   */
  static async start(options: NodeOptions): Promise<ClusterNode> {
    const node = new ClusterNode(options);
    try {
      await node.#join();
    } catch (error) {
      await node.close();
      throw error;
    }
    return node;
  }

  /** Its pod's address. */
  get address(): string {
    return this.#pod.addresses[0] ?? '';
  }

  /** The URL at which neighbours and people reach it. */
  get url(): string {
    const { address } = this;
    return reachable(`http://${toUrlHost(address)}:8080/alive`);
  }

  get podName(): string {
    return this.#pod.name;
  }

  /** Where the service and the ingress reach its pods. */
  get endpoints(): Endpoint[] {
    return this.#pods.flatMap(({ endpoint }) => endpoint ?? []);
  }

  /** Whether other nodes should count it among their neighbours. */
  get isNeighbour(): boolean {
    const gone = this.#fault?.kind === 'deleted' || this.#fault?.kind === 'cordoned';
    return this.#pod.isRunning && !gone;
  }

  /** How its program ended, such as `was ended by SIGKILL`; undefined while it runs. */
  get ended(): string | undefined {
    return this.#pod.ended;
  }

  /**
   * The response to a request for a page of the program. It bypasses the network in front of the
   * pod, so that a broken node can still be read. Rejects if there is no response within 10 s, or
   * `stop` aborts.
   */
  get(path: string, stop?: AbortSignal): Promise<Readonly<{ status: number; body: string }>> {
    return httpGet(`${this.#pod.programUrl}${path}`, PAGE_LIMIT_MS, stop);
  }

  alive(stop?: AbortSignal): Promise<Readonly<{ status: number; body: string }>> {
    return this.get('/alive', stop);
  }

  /** Replaces the current fault; `undefined` heals. Resolves once it is in effect. */
  async break(fault: NodeFault | undefined): Promise<void> {
    const isDrained = this.#fault?.kind === 'cordoned' && fault?.kind === 'deleted';
    if (!isDrained) await this.#heal();
    this.#fault = fault;
    switch (fault?.kind) {
      case undefined:
        return;
      case 'cordoned':
        return this.#putNode();
      case 'suspended':
        await this.#pod.withdraw();
        return this.#pod.signal('SIGSTOP');
      case 'terminating':
        await this.#pod.withdraw();
        return this.#pod.markTerminating();
      case 'deleted':
        await this.#deletePod(this.#pod);
        return this.#leave();
      default:
        await this.#pod.withdraw();
        return this.#pod.break(fault);
    }
  }

  /** Deletes its pod, then the Node object; nothing is left of it. */
  async remove(): Promise<void> {
    await this.#deletePod(this.#pod);
    await this.#leave();
    await this.#options.network.close();
  }

  /** Kills the program, as when its container crashes; the pod stays. `restart` starts another. */
  kill(): Promise<void> {
    return this.#pod.kill();
  }

  /** Stops the program if it is running (SIGTERM), and starts it again in the same pod. */
  restart(): Promise<void> {
    return this.#pod.restart();
  }

  /**
   * Replaces its pod, as a DaemonSet's rolling update does: with surge, the new one is ready first.
   */
  async replacePod({ surge }: { surge: boolean }): Promise<void> {
    const old = this.#pod;
    if (!surge) await this.#deletePod(old);
    await this.#startPod();
    if (surge) await this.#deletePod(old);
  }

  /** Gives its program another token in the same file. Resolves to the old one, still valid. */
  rotateToken(): Promise<string> {
    return this.#pod.rotateToken();
  }

  /** Stops the program and frees the addresses; the objects stay in the API server. */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    await Promise.all(this.#pods.map((pod) => pod.close()));
    await this.#options.network.close();
  }

  async #heal(): Promise<void> {
    const fault = this.#fault;
    this.#fault = undefined;
    switch (fault?.kind) {
      case undefined:
        return;
      case 'cordoned':
        return this.#putNode();
      case 'suspended':
        this.#pod.signal('SIGCONT');
        return this.#pod.admit();
      case 'terminating':
        return this.replacePod({ surge: false });
      case 'deleted':
        return this.#join();
      default:
        await this.#pod.break(undefined);
        return this.#pod.admit();
    }
  }

  /** Creates the node, and its pod. */
  async #join(): Promise<void> {
    await this.#putNode();
    this.#heartbeat = setInterval(() => {
      // If the API server is unavailable, the next attempt reports it.
      this.#putNode().catch(() => {});
    }, HEARTBEAT_MS);
    await this.#startPod();
  }

  async #leave(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#options.controlPlane.remove('nodes', this.name);
  }

  async #startPod(): Promise<void> {
    const { network, controlPlane, program, environment, endpointsChanged, readiness } =
      this.#options;
    const pod = await RunningPod.start({
      node: this.#identity,
      sandbox: await network.addPod(),
      controlPlane,
      program,
      environment,
      output: { stdout: this.log, stderr: this.stderr },
      endpointChanged: endpointsChanged,
      readiness,
    });
    this.#pods.push(pod);
    this.#pod = pod;
    await endpointsChanged();
  }

  async #deletePod(pod: RunningPod): Promise<void> {
    await pod.delete();
    this.#pods.splice(this.#pods.indexOf(pod), 1);
  }

  #putNode(): Promise<void> {
    const isCordoned = this.#fault?.kind === 'cordoned';
    return this.#options.controlPlane.put('nodes', nodeObject(this.#identity, isCordoned));
  }
}
