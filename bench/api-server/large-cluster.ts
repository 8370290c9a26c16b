import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Cluster } from '../../lab/cluster/cluster.ts';
import { NAMESPACE } from '../../lab/parts/pod.ts';
import { Namespace } from '../../lab/real/namespace.ts';
import { type RealParts, realParts } from '../../lab/real/real-parts.ts';
import { respondsWith200, ServerProcess } from '../../lab/support/server-process.ts';
import { list, type Option, wholeNumber } from '../support/options.ts';
import { heartbeat, largeNode } from './large-node.ts';
import { type ContainerState, type LargePod, podObject, podStatus } from './large-pod.ts';
import { ObjectWriter } from './object-writer.ts';
import { addServiceAccount } from './service-account.ts';
import { countBytes } from './wire-bytes.ts';

const NETWORK = '10.71';
const NODES = '/api/v1/nodes';
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
/** The addresses of the nodes' pods, from .192.0 on, all on one machine. */
const POD_ADDRESSES = `${NETWORK}.192.0/19`;
/** The addresses suffice for no more. */
const MAX_NODES = 8_000;
const NEIGHBOURS_MACHINE = 14;
/** The benchmark's second address on the network, for the other client. */
export const OTHER_CLIENT = `${NETWORK}.0.15`;
export const API_SERVER = `${NETWORK}.0.10`;

/** kubelet's default for nodeStatusReportFrequency: how often it writes an unchanged status. */
export const STATUS_PERIOD_MS = 300_000;

/** Per watch of pods: one more than the number of writes, as counted with 1.36. */
export const EVENTS_OF_A_REPLACEMENT = 9;

/**
 * The option `--nodes`: cluster sizes, in ascending order, so that one cluster can grow through
 * them.
 */
export function clusterSizes(usual: string): Option<readonly number[]> {
  const sizes = list(wholeNumber({ default: usual, min: 2, max: MAX_NODES }));
  return { ...sizes, read: (text) => sizes.read(text)?.toSorted((one, other) => one - other) };
}

/**
 * A cluster of real parts with one node that runs a program, and further nodes that are only
 * objects: a Node and a Pod each, as large as in production. One program responds for all their
 * pods, so that kubenurse sees a healthy cluster.
 */
export class LargeCluster {
  readonly cluster: Cluster<RealParts>;
  readonly #writer: ObjectWriter;
  readonly #stack: AsyncDisposableStack;
  /** In the order of their nodes. */
  readonly #pods: LargePod[] = [];
  #podNames = 0;
  /** The number of writes by `keepStatuses`, which takes the nodes in turn. */
  #kept = 0;
  /**
   * The time of the last heartbeat. It runs ahead of the clock, so that no two heartbeats are
   * alike.
   */
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

  /**
   * Starts with one node that runs kubenurse, `node-1`, unless `nodes` is 0: then the caller must
   * `add` it. If a part does not start, it rejects and leaves nothing behind.
   */
  static async start({ nodes }: { nodes: 0 | 1 } = { nodes: 1 }): Promise<LargeCluster> {
    await using starting = new AsyncDisposableStack();
    const cluster = await Cluster.startOf(realParts({ network: NETWORK }), {
      nodes,
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
        ready: () => respondsWith200(`http://${machine.addresses[0]}:8080/alwayshappy`),
      },
    );
    starting.defer(() => server.stop());
    const bridge = `br-${NETWORK.replace('.', '-')}`;
    await Namespace.own().ip([`address add ${OTHER_CLIENT}/16 dev ${bridge}`]);
    const programs = cluster.nodes.map(({ address }) => address);
    await countBytes(API_SERVER, [...programs, OTHER_CLIENT]);
    const writer = new ObjectWriter(
      await addServiceAccount(controlPlane, 'components', {
        apiGroups: [''],
        resources: ['*'],
        verbs: ['*'],
      }),
    );
    starting.defer(() => writer.close());
    for (const { name } of cluster.nodes) {
      const { metadata, status } = largeNode({ name, address: `${NETWORK}.1.1` });
      await writer.patch(`${NODES}/${name}`, { metadata }, 'kubelet');
      await writer.patch(`${NODES}/${name}/status`, { status }, 'kubelet');
    }
    return new LargeCluster(cluster, writer, starting.move());
  }

  /** Writes a node and its pod, ready from the start, for a program that is run elsewhere. */
  add(pod: LargePod): Promise<void> {
    return this.#add([pod]);
  }

  /**
   * Adds nodes that are only objects, each with its pod, until there are `nodes` in all, including
   * the one that runs a program.
   */
  async grow(nodes: number): Promise<void> {
    const first = this.#pods.length + 2;
    const numbers = Array.from({ length: nodes + 1 - first }, (_, index) => first + index);
    const pods = numbers.map((number) => this.#newPod(number));
    await this.#add(pods);
    this.#pods.push(...pods);
  }

  /**
   * Writes the status of each node that is only an object, in turn, `times` times. Resolves to the
   * number of writes.
   */
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

  /**
   * Writes the status of each such node every five minutes, each at a different time, as kubelets
   * do if nothing happens; makes at least one write. Resolves after `milliseconds` to the number of
   * writes.
   */
  async keepStatuses(milliseconds: number): Promise<number> {
    const begin = performance.now();
    const writes = Math.ceil((this.#pods.length * milliseconds) / STATUS_PERIOD_MS);
    for (let write = 0; write < writes; write++) {
      await sleep(Math.max(0, begin + (write * milliseconds) / writes - performance.now()));
      this.#time += STATUS_PERIOD_MS;
      const { node = '' } = this.#pods[this.#kept++ % this.#pods.length] ?? {};
      const patch = heartbeat(new Date(this.#time));
      await this.#writer.patch(`${NODES}/${node}/status`, patch, 'kubelet');
    }
    await sleep(Math.max(0, begin + milliseconds - performance.now()));
    return writes;
  }

  /** Makes `count` nodes unschedulable, and then schedulable again, with two writes each. */
  async cordonAndUncordon(count: number): Promise<void> {
    for (const unschedulable of [true, null]) {
      await this.#writer.each(this.#pods.slice(0, count), ({ node }) =>
        this.#writer.patch(`${NODES}/${node}`, { spec: { unschedulable } }, 'kubectl'),
      );
    }
  }

  /**
   * Replaces one pod after another, as a rolling update of the DaemonSet does, with all that
   * kubelet reports meanwhile.
   */
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

  /** Adds the nodes first: the API server takes a pod's zone from its node. */
  async #add(pods: readonly LargePod[]): Promise<void> {
    await this.#writer.each(pods, ({ node, nodeAddress }) =>
      this.#writer.create(NODES, largeNode({ name: node, address: nodeAddress }), 'kubelet'),
    );
    await this.#writer.each(pods, async (pod) => {
      await this.#create(pod);
      await this.#patchStatus(pod, 'ready');
    });
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
      address: address(192),
    };
  }

  /** A name that ends in five characters, as the DaemonSet controller creates it. */
  #podName(): string {
    this.#podNames++;
    return `kubenurse-${this.#podNames.toString(36).padStart(5, '0')}`;
  }
}
