import { fileURLToPath } from 'node:url';
import { Cluster } from '../../cluster/cluster.ts';
import { NAMESPACE } from '../../cluster/pod.ts';
import { Namespace } from '../../cluster/real/namespace.ts';
import { type RealParts, realParts } from '../../cluster/real/real-parts.ts';
import { answers200, ServerProcess } from '../../cluster/server-process.ts';
import { heartbeat, largeNode } from './large-node.ts';
import { type ContainerState, type LargePod, podObject, podStatus } from './large-pod.ts';
import { ObjectWriter } from './object-writer.ts';
import { addServiceAccount } from './service-account.ts';
import { countBytes } from './wire-bytes.ts';

const NETWORK = '10.71';
const NODES = '/api/v1/nodes';
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
/** Nodes have their pods at the addresses from .200.0 on, which are those of one machine. */
const POD_ADDRESSES = `${NETWORK}.200.0/21`;
const NEIGHBOURS_MACHINE = 14;
/** Our second address on the network, for the other client. */
export const OTHER_CLIENT = `${NETWORK}.0.15`;
const API_SERVER = `${NETWORK}.0.10`;

/** kubelet's default for nodeStatusReportFrequency: so often it writes a status in which nothing has changed. */
export const STATUS_PERIOD_MS = 300_000;

/** For who watches pods: one more than there are writes, as counted with 1.36. */
export const EVENTS_OF_A_REPLACEMENT = 9;

/**
 * A cluster of real parts with one node that runs our program, and further nodes that are but objects: a Node and a Pod
 * each, of the size they have in production. Their pods answer, all from one program, so that ours sees a healthy cluster.
 */
export class LargeCluster {
  readonly cluster: Cluster<RealParts>;
  readonly #writer: ObjectWriter;
  readonly #stack: AsyncDisposableStack;
  /** In the order of their nodes. */
  readonly #pods: LargePod[] = [];
  #podNames = 0;
  /** When kubelets looked last. Ahead of the clock: no two heartbeats are alike. */
  #time = Date.now();

  private constructor(
    cluster: Cluster<RealParts>,
    writer: ObjectWriter,
    stack: AsyncDisposableStack,
  ) {
    this.cluster = cluster;
    this.#writer = writer;
    this.#stack = stack;
  }

  /** With the one node. Rejects, and leaves nothing, when a part does not start. */
  static async start(): Promise<LargeCluster> {
    await using starting = new AsyncDisposableStack();
    const cluster = await Cluster.startOf(realParts({ network: NETWORK }), {
      nodes: 1,
      env: { KUBENURSE_SHUTDOWN_DURATION: '0s' },
    });
    starting.use(cluster);
    const { controlPlane, fabric } = cluster.parts;
    const machine = await fabric.addMachine('neighbours', NEIGHBOURS_MACHINE);
    await machine.addRoutes([`route add local ${POD_ADDRESSES} dev lo`]);
    const server = await ServerProcess.start(
      process.execPath,
      [fileURLToPath(new URL('neighbour-server.ts', import.meta.url))],
      {
        enter: machine.enter,
        ready: () => answers200(`http://${machine.addresses[0]}:8080/alwayshappy`),
      },
    );
    starting.defer(() => server.stop());
    const bridge = `br-${NETWORK.replace('.', '-')}`;
    await Namespace.own().ip([`address add ${OTHER_CLIENT}/16 dev ${bridge}`]);
    await countBytes(API_SERVER, [cluster.nodes[0]?.address ?? '', OTHER_CLIENT]);
    const writer = new ObjectWriter(
      await addServiceAccount(controlPlane, 'components', {
        apiGroups: [''],
        resources: ['*'],
        verbs: ['*'],
      }),
    );
    starting.defer(() => writer.close());
    const first = largeNode({ name: 'node-1', address: `${NETWORK}.1.1` });
    await writer.patch(`${NODES}/node-1`, { metadata: first.metadata }, 'kubelet');
    await writer.patch(`${NODES}/node-1/status`, { status: first.status }, 'kubelet');
    return new LargeCluster(cluster, writer, starting.move());
  }

  /** Adds nodes, each with its pod, until there are so many. */
  async grow(nodes: number): Promise<void> {
    const first = this.#pods.length + 2;
    const numbers = Array.from({ length: nodes + 1 - first }, (_, index) => first + index);
    const pods = numbers.map((number) => this.#newPod(number));
    await this.#writer.each(pods, ({ node, nodeAddress }) =>
      this.#writer.create(NODES, largeNode({ name: node, address: nodeAddress }), 'kubelet'),
    );
    await this.#writer.each(pods, async (pod) => {
      await this.#create(pod);
      await this.#patchStatus(pod, 'ready');
    });
    this.#pods.push(...pods);
  }

  /** The status of each node that is but an object is written so many times, all in turn. Resolves to how many writes it were. */
  async updateStatuses(times: number): Promise<number> {
    for (let time = 0; time < times; time++) {
      this.#time += STATUS_PERIOD_MS;
      const patch = heartbeat(new Date(this.#time));
      await this.#writer.each(this.#pods, ({ node }) =>
        this.#writer.patch(`${NODES}/${node}/status`, patch, 'kubelet'),
      );
    }
    return times * this.#pods.length;
  }

  /** Makes so many nodes unschedulable, and then schedulable again. Two writes each. */
  async cordonAndUncordon(count: number): Promise<void> {
    for (const unschedulable of [true, null]) {
      await this.#writer.each(this.#pods.slice(0, count), ({ node }) =>
        this.#writer.patch(`${NODES}/${node}`, { spec: { unschedulable } }, 'kubectl'),
      );
    }
  }

  /** As a rolling update of the DaemonSet does it, one pod after the other, with all that kubelet tells of meanwhile. */
  async replacePods(count: number): Promise<void> {
    for (const [index, old] of this.#pods.slice(0, count).entries()) {
      const path = `${PODS}/${old.name}`;
      await this.#writer.delete(path, { gracePeriodSeconds: 30 }, 'kube-controller-manager');
      await this.#patchStatus(old, 'terminated');
      await this.#writer.delete(path, { gracePeriodSeconds: 0 }, 'kubelet');
      const pod = { ...old, name: this.#podName() };
      await this.#create(pod);
      for (const state of ['waiting', 'running', 'ready'] as const) {
        await this.#patchStatus(pod, state);
      }
      this.#pods[index] = pod;
    }
  }

  close(): Promise<void> {
    return this.#stack.disposeAsync();
  }

  async #create(pod: LargePod): Promise<void> {
    await this.#writer.create(PODS, podObject(pod), 'kube-controller-manager');
    const binding = {
      metadata: { name: pod.name },
      target: { apiVersion: 'v1', kind: 'Node', name: pod.node },
    };
    await this.#writer.create(`${PODS}/${pod.name}/binding`, binding, 'kube-scheduler');
  }

  #patchStatus(pod: LargePod, state: ContainerState): Promise<void> {
    return this.#writer.patch(`${PODS}/${pod.name}/status`, podStatus(pod, state), 'kubelet');
  }

  #newPod(number: number): LargePod {
    const address = (base: number) => `${NETWORK}.${base + (number >> 8)}.${number & 255}`;
    return {
      name: this.#podName(),
      node: `ip-10-21-${number >> 8}-${number & 255}.region-1.compute.example.test`,
      nodeAddress: address(2),
      address: address(200),
    };
  }

  /** With five characters, as the DaemonSet controller makes it. */
  #podName(): string {
    this.#podNames++;
    return `kubenurse-${this.#podNames.toString(36).padStart(5, '0')}`;
  }
}
