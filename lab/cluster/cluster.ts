import { fileURLToPath } from 'node:url';
import { type EmbeddedParts, embeddedParts } from '../embedded/embedded-parts.ts';
import type { Parts, StartParts } from '../parts/parts.ts';
import { Mutex } from '../support/mutex.ts';
import { type Fault, parseFault, parsePart } from './faults.ts';
import { ClusterNode } from './node.ts';
import { READINESS_TIMES, type ReadinessTimes } from './readiness.ts';

/** How many programs are started at once: a start is all CPU. */
const STARTS_AT_ONCE = 4;

const PROGRAM = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** How to start a cluster. */
export type ClusterOptions = Readonly<{
  /** Number of nodes; 5 by default. */
  nodes?: number;
  /**
   * Variables of the programs, which add to or override those they get; the same for all, or by the
   * node's name.
   */
  env?: Readonly<Record<string, string>> | ((node: string) => Readonly<Record<string, string>>);
  /** The program's file; `src/main.ts` by default. */
  program?: string;
  /** READINESS_TIMES by default. */
  readiness?: ReadinessTimes;
  /** Called with the number of ready nodes, whenever one more of the first nodes is ready. */
  onProgress?: (ready: number) => void;
}>;

/**
 * A Kubernetes cluster on this machine: a control plane, a DNS server, an ingress, a service, and
 * nodes with one probe each. Each of them can be broken.
 */
export class Cluster<P extends Parts = Parts> {
  readonly parts: P;
  readonly #options: ClusterOptions;
  readonly #nodes: ClusterNode[] = [];
  /** The number of the node started last. */
  #started = 0;
  readonly #faults = new Map<string, string>();
  readonly #stack = new AsyncDisposableStack();
  readonly #mutex = new Mutex();
  #closed: Promise<void> | undefined;

  private constructor(options: ClusterOptions, parts: P) {
    this.parts = parts;
    this.#options = options;
  }

  /**
   * A cluster of processes and loopback addresses. `network`: the first two bytes of every address,
   * `127.0` by default. Clusters that run at once need different ones. Otherwise like `startOf`.
   */
  static start(
    options: ClusterOptions & Readonly<{ network?: string }> = {},
  ): Promise<Cluster<EmbeddedParts>> {
    return Cluster.startOf(embeddedParts(options.network ?? '127.0'), options);
  }

  /**
   * Resolves once every pod is ready. If a part does not start, rejects and leaves nothing behind.
   */
  static async startOf<P extends Parts>(
    startParts: StartParts<P>,
    options: ClusterOptions = {},
  ): Promise<Cluster<P>> {
    await using starting = new AsyncDisposableStack();
    const cluster = new Cluster(options, await startParts(starting));
    starting.defer(() => cluster.#closeNodes());
    await cluster.#startFirstNodes(options.nodes ?? 5);
    cluster.#stack.use(starting.move());
    return cluster;
  }

  /** In the order of their numbers: `node-1` is the first. */
  get nodes(): readonly ClusterNode[] {
    return this.#nodes;
  }

  /** What is currently broken: `node-3` → `down`. */
  get faults(): ReadonlyMap<string, string> {
    return this.#faults;
  }

  /** The node of this name. Throws if there is none. */
  node(name: string): ClusterNode {
    const node = this.#nodes.find((each) => each.name === name);
    if (node === undefined) throw new Error(`no such node: ${name}`);
    return node;
  }

  /** Starts one more node, with the next number. */
  async addNode(): Promise<ClusterNode> {
    await this.#inTurn(() => this.#startNodes(1));
    return this.#nodes.at(-1) as ClusterNode;
  }

  /**
   * Removes a node as the scale-down of a node group does: its pod ends gracefully, then the Node
   * is deleted.
   */
  async removeNode(name: string): Promise<void> {
    const node = this.node(name);
    await this.#inTurn(async () => {
      await node.remove();
      this.#nodes.splice(this.#nodes.indexOf(node), 1);
    });
  }

  /**
   * Breaks a part as in `node-3:down` or `service:slow=300ms` (faults.ts), replacing its current
   * fault. Resolves once it is in effect; rejects with a FaultMistake.
   */
  async break(fault: string): Promise<void> {
    const parsed = parseFault(fault, this.#nodeNames(), this.parts.kind);
    await this.#inTurn(() => this.#apply(parsed));
  }

  /** Heals a part, or `all`. Resolves once it is done; rejects with a FaultMistake. */
  async heal(part: string): Promise<void> {
    const names = part === 'all' ? [...this.#faults.keys()] : [part];
    for (const name of names) {
      const parsed = parsePart(name, this.#nodeNames(), this.parts.kind);
      await this.#inTurn(() => this.#apply(parsed));
    }
  }

  /** Stops and removes everything that was started, after any change in progress. */
  close(): Promise<void> {
    this.#closed ??= this.#inTurn(() => this.#stack.disposeAsync());
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Runs one change after the other; none once it is closed. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the cluster is closed'));
    return this.#mutex.run(change);
  }

  async #apply(fault: Fault): Promise<void> {
    if (fault.fault === undefined) this.#faults.delete(fault.part);
    else this.#faults.set(fault.part, fault.name);
    switch (fault.kind) {
      case 'node':
        return this.node(fault.part).break(fault.fault);
      case 'dns':
        return this.parts.dns.break(fault.fault);
      case 'ingress':
        return this.parts.ingress.break(fault.fault);
      case 'service':
        return this.parts.service.break(fault.fault);
      case 'api-server':
        return this.parts.controlPlane.break(fault.fault);
      case 'network':
        return this.parts.network.break(fault.fault);
    }
  }

  #nodeNames(): string[] {
    return this.#nodes.map(({ name }) => name);
  }

  async #startFirstNodes(count: number): Promise<void> {
    for (let missing = count; missing > 0; missing -= STARTS_AT_ONCE) {
      await this.#startNodes(Math.min(missing, STARTS_AT_ONCE));
    }
  }

  async #startNodes(count: number): Promise<void> {
    const first = this.#started + 1;
    this.#started += count;
    const starts = Array.from({ length: count }, (_, index) => this.#startNode(first + index));
    const started = await Promise.allSettled(starts);
    for (const node of started) if (node.status === 'rejected') throw node.reason;
  }

  async #startNode(number: number): Promise<void> {
    const name = `node-${number}`;
    const { env = {}, program = PROGRAM, readiness = READINESS_TIMES } = this.#options;
    const node = await ClusterNode.start({
      name,
      network: await this.parts.addNode(number, name),
      controlPlane: this.parts.controlPlane,
      program,
      environment: typeof env === 'function' ? env(name) : env,
      endpointsChanged: () => this.setEndpoints(),
      readiness,
    });
    this.#nodes.push(node);
    this.#nodes.sort((one, other) => numberOf(one) - numberOf(other));
    this.#options.onProgress?.(this.#nodes.length);
    await this.setEndpoints();
  }

  /** Makes the Service and the ingress forward to the pods that are ready, and to no others. */
  setEndpoints(): Promise<void> {
    return this.parts.setEndpoints(this.#nodes.flatMap(({ endpoints }) => endpoints));
  }

  async #closeNodes(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
  }
}

function numberOf({ name }: ClusterNode): number {
  return Number(name.replace('node-', ''));
}
