import { fileURLToPath } from 'node:url';
import type { ControlPlane } from './control-plane.ts';
import type { DnsServer } from './dns-server.ts';
import { environmentOf } from './environment.ts';
import { type Fault, parseFault, parsePart } from './faults.ts';
import type { Ingress } from './ingress.ts';
import { ClusterNode } from './node.ts';
import { type Parts, startParts } from './parts.ts';
import { until } from './until.ts';
import type { Wire } from './wire.ts';

/** So many programs are started at once: a start is all CPU. */
const STARTS_AT_ONCE = 4;
/** A request by way of the service or the ingress that takes longer is cut when its node is broken. */
const DRAIN_LIMIT_MS = 500;

const PROGRAM = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** How to start a cluster. */
export type ClusterOptions = Readonly<{
  /** How many nodes; 5 when not said. */
  nodes?: number;
  /** The first two bytes of every address; `127.0` when not said. Clusters that run at once each need their own. */
  network?: string;
  /** Variables of the programs, beside or instead of those they are given; the same for all, or by the node's name. */
  env?: Readonly<Record<string, string>> | ((node: string) => Readonly<Record<string, string>>);
  /** The program's file; `src/main.ts` when not said. */
  program?: string;
}>;

/**
 * A Kubernetes cluster of processes and loopback addresses on this machine: a control plane, a
 * DNS server, an ingress, a service, and nodes with one probe each. Each of them can be broken.
 */
export class Cluster {
  readonly controlPlane: ControlPlane;
  readonly dns: DnsServer;
  readonly ingress: Ingress;
  readonly service: Wire;
  readonly #options: ClusterOptions;
  readonly #parts: Parts;
  readonly #nodes: ClusterNode[];
  readonly #faults = new Map<string, string>();
  readonly #stack = new AsyncDisposableStack();
  #change: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  private constructor(options: ClusterOptions, parts: Parts, nodes: ClusterNode[]) {
    this.controlPlane = parts.controlPlane;
    this.dns = parts.dns;
    this.ingress = parts.ingress;
    this.service = parts.service;
    this.#options = options;
    this.#parts = parts;
    this.#nodes = nodes;
  }

  /** Resolves when every pod is ready. Rejects, and leaves nothing behind, when a part does not start. */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    await using starting = new AsyncDisposableStack();
    const nodes: ClusterNode[] = [];
    const parts = await startParts(
      options.network ?? '127.0',
      () => nodes.flatMap(({ endpoint }) => endpoint ?? []),
      starting,
    );
    const cluster = new Cluster(options, parts, nodes);
    starting.defer(() => cluster.#closeNodes());
    await cluster.#startFirstNodes(options.nodes ?? 5);
    cluster.#stack.use(starting.move());
    return cluster;
  }

  /** In the order of their numbers: `node-1` is the first. */
  get nodes(): readonly ClusterNode[] {
    return this.#nodes;
  }

  /** What is broken at the moment: `node-3` → `down`. */
  get faults(): ReadonlyMap<string, string> {
    return this.#faults;
  }

  /** The node of this name. Throws when there is none. */
  node(name: string): ClusterNode {
    const node = this.#nodes.find((each) => each.name === name);
    if (node === undefined) throw new Error(`there is no ${name}`);
    return node;
  }

  /** Starts one more node, with the next number. */
  async addNode(): Promise<ClusterNode> {
    await this.#inTurn(() => this.#startNodes(1));
    return this.node(`node-${this.#nodes.length}`);
  }

  /**
   * Breaks a part, as `node-3:down` or `service:slow=300ms` says (faults.ts), instead of how it
   * was broken before. Resolves when it is in effect; rejects with a FaultMistake.
   */
  async break(fault: string): Promise<void> {
    const parsed = parseFault(fault, this.#nodeNames());
    await this.#inTurn(() => this.#apply(parsed));
  }

  /** Heals a part, or `all`. Resolves when it is done; rejects with a FaultMistake. */
  async heal(part: string): Promise<void> {
    const names = part === 'all' ? [...this.#faults.keys()] : [part];
    for (const name of names) {
      const parsed = parsePart(name, this.#nodeNames());
      await this.#inTurn(() => this.#apply(parsed));
    }
  }

  /** Stops and removes all that was started. Waits for a change that is under way. */
  close(): Promise<void> {
    this.#closed ??= this.#inTurn(() => this.#stack.disposeAsync());
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One change after the other; none once it is closed. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the cluster is closed'));
    const done = this.#change.then(change);
    this.#change = done.catch(() => {});
    return done;
  }

  async #apply(fault: Fault): Promise<void> {
    if (fault.fault === undefined) this.#faults.delete(fault.part);
    else this.#faults.set(fault.part, fault.name);
    switch (fault.kind) {
      case 'node':
        return this.node(fault.part).break(fault.fault);
      case 'dns':
        return this.dns.break(fault.fault);
      case 'ingress':
        return this.ingress.break(fault.fault);
      case 'service':
        return this.service.break(fault.fault);
      case 'api-server':
        return this.controlPlane.break(fault.fault);
    }
  }

  #nodeNames(): string[] {
    return this.#nodes.map(({ name }) => name);
  }

  /** Who asks the service or the ingress before there is an endpoint waits for the first one. */
  async #startFirstNodes(count: number): Promise<void> {
    await Promise.all([this.service.break({ kind: 'hang' }), this.ingress.break({ kind: 'hang' })]);
    await this.#startNodes(Math.min(count, 1));
    await Promise.all([this.service.break(undefined), this.ingress.break(undefined)]);
    for (let missing = count - 1; missing > 0; missing -= STARTS_AT_ONCE) {
      await this.#startNodes(Math.min(missing, STARTS_AT_ONCE));
    }
  }

  async #startNodes(count: number): Promise<void> {
    const first = this.#nodes.length + 1;
    const starts = Array.from({ length: count }, (_, index) => this.#startNode(first + index));
    const started = await Promise.allSettled(starts);
    for (const node of started) if (node.status === 'fulfilled') this.#nodes.push(node.value);
    for (const node of started) if (node.status === 'rejected') throw node.reason;
  }

  async #startNode(number: number): Promise<ClusterNode> {
    const { layout, files, controlPlane, service, ingress } = this.#parts;
    const name = `node-${number}`;
    const addresses = layout.node(number);
    const credentials = await files.writeCredentials(name, controlPlane);
    const { env = {}, program = PROGRAM } = this.#options;
    const drained = () =>
      service.connectionsTo(addresses.pod) + ingress.connectionsTo(addresses.pod) === 0;
    return ClusterNode.start({
      name,
      addresses,
      program,
      controlPlane,
      environment: (podName) => ({
        ...environmentOf(layout, files, credentials, controlPlane.url, {
          name,
          podName,
          programAddress: addresses.program,
        }),
        ...(typeof env === 'function' ? env(name) : env),
      }),
      // Who is still there after the limit is cut: so it goes with what hangs.
      drained: () => until(`${name} is drained`, DRAIN_LIMIT_MS, drained).catch(() => {}),
    });
  }

  async #closeNodes(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
  }
}
