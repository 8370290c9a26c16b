import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fabric, type IpFamily } from '../real/fabric.ts';
import type { ApiObject, KubeClient } from '../real/kube-client.ts';
import type { Kubectl } from '../real/kubectl.ts';
import { Namespace } from '../real/namespace.ts';
import { run } from '../support/command.ts';
import { until } from '../support/until.ts';
import { tool } from '../tools/tool.ts';
import { clusterDns } from './cluster-dns.ts';
import { ControlPlane } from './control-plane.ts';
import { explained } from './explained.ts';
import { images } from './images.ts';
import { KubernetesNode } from './node.ts';

const NODES_LIMIT_MS = 30_000;
const DNS_LIMIT_MS = 20_000;
const HELM_LIMIT_MS = 120_000;

/** How to start a cluster. */
export type KubernetesOptions = Readonly<{
  /** Number of nodes; 3 by default. */
  nodes?: number;
  /** The first two bytes of every IPv4 address; `10.24` by default. */
  network?: string;
  /** The primary one first; only IPv4 by default. */
  families?: readonly IpFamily[];
}>;

/** A whole cluster: a control plane, nodes whose kubelets run the pods, and CoreDNS. */
export class KubernetesCluster implements AsyncDisposable {
  readonly fabric: Fabric;
  readonly controlPlane: ControlPlane;
  readonly #directory: string;
  readonly #images: string;
  readonly #nodes: KubernetesNode[] = [];
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: Readonly<{
      fabric: Fabric;
      controlPlane: ControlPlane;
      directory: string;
      images: string;
    }>,
    stack: AsyncDisposableStack,
  ) {
    this.fabric = parts.fabric;
    this.controlPlane = parts.controlPlane;
    this.#directory = parts.directory;
    this.#images = parts.images;
    this.#stack = stack;
  }

  /**
   * Resolves once all nodes are Ready and names are resolved. If a part does not start, rejects and
   * leaves nothing behind.
   */
  static async start(options: KubernetesOptions = {}): Promise<KubernetesCluster> {
    const { nodes = 3, network = '10.24', families = ['IPv4'] } = options;
    await using starting = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'kubernetes-'));
    starting.defer(() => rm(directory, { recursive: true, force: true }));
    const fabric = await Fabric.create(network, families);
    starting.defer(() => fabric.close());
    const archives = await images();
    const controlPlane = await ControlPlane.start(fabric, join(directory, 'control-plane'));
    starting.defer(() => controlPlane.close());
    const parts = { fabric, controlPlane, directory, images: archives };
    const cluster = new KubernetesCluster(parts, starting.move());
    try {
      await cluster.#startAll(nodes);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  get nodes(): readonly KubernetesNode[] {
    return this.#nodes;
  }

  get admin(): KubeClient {
    return this.controlPlane.admin;
  }

  get kubectl(): Kubectl {
    return this.controlPlane.kubectl;
  }

  /** The node of this name. Throws if there is none. */
  node(name: string): KubernetesNode {
    const node = this.#nodes.find((each) => each.name === name);
    if (node === undefined) throw new Error(`there is no ${name}`);
    return node;
  }

  /** Adds the next node, and resolves once its programs run. */
  async addNode(): Promise<KubernetesNode> {
    const node = this.#createNode();
    await this.switchOn(node);
    return node;
  }

  /** Switches a node off permanently, and deletes its Node. */
  async removeNode(node: KubernetesNode): Promise<void> {
    this.#nodes.splice(this.#nodes.indexOf(node), 1);
    await node.off();
    await this.admin.delete(`/api/v1/nodes/${node.name}`);
  }

  /** Switches a node on, and resolves once its programs run. */
  async switchOn(node: KubernetesNode): Promise<void> {
    const others = this.#nodes.filter((other) => other !== node);
    await node.on(others);
    const on = others.filter(({ isOn }) => isOn).map(({ machine }) => machine);
    const { routes } = node;
    await Promise.all([
      Namespace.own().ip(routes),
      ...[this.controlPlane.machine, ...on].map((machine) => machine.addRoutes(routes)),
    ]);
  }

  /** Applies objects with kubectl. Rejects with what it writes to standard error. */
  async apply(objects: object, ...args: string[]): Promise<void> {
    const command = [...this.kubectl.command, 'apply', '--filename=-', ...args];
    await run(command, JSON.stringify(objects));
  }

  /**
   * Runs helm with these arguments and values. Rejects with its standard error, or after two
   * minutes.
   */
  helm(args: readonly string[], values: object = {}): Promise<string> {
    const { kubeconfig } = this.kubectl;
    // For the files that helm keeps outside the cluster.
    const home = join(this.#directory, 'helm');
    const variables = [`HOME=${home}`, `KUBECONFIG=${kubeconfig}`];
    const command = ['env', ...variables, tool('helm'), ...args];
    return run(command, JSON.stringify(values), HELM_LIMIT_MS);
  }

  /** Resolves once this many nodes are Ready. */
  async untilReady(count: number): Promise<void> {
    await until(`${count} nodes are Ready`, NODES_LIMIT_MS, async () => {
      const { items } = await this.admin.get('/api/v1/nodes');
      return items.filter(isReady).length === count;
    });
  }

  /** Stops and removes everything. */
  close(): Promise<void> {
    return this.#stack.disposeAsync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #createNode(): KubernetesNode {
    const { fabric, controlPlane } = this;
    const node = new KubernetesNode({
      fabric,
      controlPlane,
      number: this.#nodes.length + 1,
      directory: this.#directory,
      images: this.#images,
    });
    this.#nodes.push(node);
    this.#stack.defer(() => node.off());
    return node;
  }

  async #startAll(count: number): Promise<void> {
    const nodes = Array.from({ length: count }, () => this.#createNode());
    await Promise.all(nodes.map((node) => this.switchOn(node)));
    // Only now: earlier, both of its pods would run on the first node that is Ready.
    await this.untilReady(count);
    await this.apply(clusterDns(this.controlPlane.dnsAddresses));
    const available = until('CoreDNS is available', DNS_LIMIT_MS, async () => {
      const path = '/apis/apps/v1/namespaces/kube-system/deployments/coredns';
      const { spec, status } = await this.admin.get(path);
      // On a single node as well: it runs both pods, which can become available at the same time.
      return status?.availableReplicas === spec.replicas;
    });
    await explained(this.kubectl, 'kube-system', available);
  }
}

/** Whether a node or a pod is Ready. */
export function isReady({ status }: ApiObject): boolean {
  const conditions: { type: string; status: string }[] = status?.conditions ?? [];
  return conditions.some((each) => each.type === 'Ready' && each.status === 'True');
}
