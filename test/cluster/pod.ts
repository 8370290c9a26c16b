import { randomUUID } from 'node:crypto';
import type { ControlPlane, KubeObject } from './control-plane.ts';

/** Where our pods are, and the label by which they know each other. */
export const NAMESPACE = 'kube-system';
export const LABEL = { key: 'app', value: 'kubenurse' } as const;

type NodeIdentity = Readonly<{ name: string; address: string }>;

/** A pod of ours in the API server, as kubelet writes it. What is set here is seen there after `publish`. */
export class Pod {
  /** As the controller of a DaemonSet makes it: `kubenurse-` and five characters. */
  readonly name: string;
  /** Pending and without an address, until the program answers. */
  running = false;
  ready = false;
  readonly #uid = randomUUID();
  readonly #node: NodeIdentity;
  readonly #controlPlane: ControlPlane;
  #deletionTimestamp: string | undefined;
  #published = '';
  #removed = false;

  constructor(node: NodeIdentity, controlPlane: ControlPlane) {
    this.name = `kubenurse-${this.#uid.slice(0, 5)}`;
    this.#node = node;
    this.#controlPlane = controlPlane;
  }

  get terminating(): boolean {
    return this.#deletionTimestamp !== undefined;
  }

  /** Writes the object, unless it has not changed or is removed. */
  async publish(): Promise<void> {
    const object = this.#object();
    const text = JSON.stringify(object);
    if (this.#removed || text === this.#published) return;
    await this.#controlPlane.put('pods', object);
    this.#published = text;
  }

  /** Its deletion begins. */
  async terminate(): Promise<void> {
    this.#deletionTimestamp = new Date().toISOString();
    await this.publish();
  }

  async remove(): Promise<void> {
    this.#removed = true;
    await this.#controlPlane.remove('pods', this.name, NAMESPACE);
  }

  #object(): KubeObject {
    const { address } = this.#node;
    const ready = this.ready ? 'True' : 'False';
    return {
      metadata: {
        name: this.name,
        namespace: NAMESPACE,
        uid: this.#uid,
        labels: { [LABEL.key]: LABEL.value },
        ...(this.#deletionTimestamp && { deletionTimestamp: this.#deletionTimestamp }),
      },
      spec: { nodeName: this.#node.name, containers: [{ name: 'kubenurse', image: 'kubenurse' }] },
      status: {
        phase: this.running ? 'Running' : 'Pending',
        hostIP: address,
        hostIPs: [{ ip: address }],
        ...(this.running && { podIP: address, podIPs: [{ ip: address }] }),
        conditions: [
          { type: 'PodScheduled', status: 'True' },
          { type: 'Initialized', status: 'True' },
          { type: 'ContainersReady', status: ready },
          { type: 'Ready', status: ready },
        ],
        containerStatuses: [
          { name: 'kubenurse', image: 'kubenurse', ready: this.ready, started: this.running },
        ],
      },
    };
  }
}

/** The one zone that every node is in. */
export const ZONE = 'zone-a';

/** The Node as kubelet writes it; a cordoned one is unschedulable. */
export function nodeObject(node: NodeIdentity & { uid: string }, cordoned: boolean): KubeObject {
  return {
    metadata: {
      name: node.name,
      uid: node.uid,
      labels: {
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/zone': ZONE,
      },
    },
    spec: cordoned ? { unschedulable: true } : {},
    status: {
      conditions: [{ type: 'Ready', status: 'True' }],
      addresses: [
        { type: 'InternalIP', address: node.address },
        { type: 'Hostname', address: node.name },
      ],
    },
  };
}
