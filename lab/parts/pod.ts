import { randomUUID } from 'node:crypto';
import type { ControlPlane, KubeObject } from './control-plane.ts';

/** The UDP port on which a program reflects packets: the default of `KUBENURSE_UDP_PORT`. */
export const UDP_PORT = 8862;

/** The namespace of the pods, and the label by which they find each other. */
export const NAMESPACE = 'kubenurse';
export const LABEL = { key: 'app.kubernetes.io/name', value: 'kubenurse' } as const;

/** A node's name, and its IP addresses, the primary one first. */
export type NodeIdentity = Readonly<{ name: string; uid: string; addresses: readonly string[] }>;

/** What Pod Security's level *restricted* requires of a container. */
const RESTRICTED = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  runAsUser: 65532,
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

/**
 * A kubenurse pod in the API server, as kubelet writes it. What is set here is visible there after
 * `publish`.
 */
export class Pod {
  /** As the controller of a DaemonSet names it: `kubenurse-` and five characters. */
  readonly name: string;
  /** The pod is pending and has no address until the program responds. */
  running = false;
  ready = false;
  readonly #uid = randomUUID();
  readonly #startedAt = new Date().toISOString();
  readonly #node: NodeIdentity;
  readonly #addresses: readonly string[];
  readonly #controlPlane: ControlPlane;
  #deletionTimestamp: string | undefined;
  #published = '';
  #removed = false;

  /** `addresses`: the pod's IP addresses, the primary one first. */
  constructor(node: NodeIdentity, addresses: readonly string[], controlPlane: ControlPlane) {
    this.name = `kubenurse-${this.#uid.slice(0, 5)}`;
    this.#node = node;
    this.#addresses = addresses;
    this.#controlPlane = controlPlane;
  }

  get terminating(): boolean {
    return this.#deletionTimestamp !== undefined;
  }

  /** Writes the object, unless it is unchanged or removed. */
  async publish(): Promise<void> {
    const object = this.#object();
    const text = JSON.stringify(object);
    if (this.#removed || text === this.#published) return;
    await this.#controlPlane.put('pods', object);
    this.#published = text;
  }

  /** Starts its deletion. */
  async terminate(): Promise<void> {
    this.#deletionTimestamp = new Date().toISOString();
    await this.publish();
  }

  async remove(): Promise<void> {
    this.#removed = true;
    await this.#controlPlane.remove('pods', this.name, NAMESPACE);
  }

  #object(): KubeObject {
    const hostIPs = this.#node.addresses.map((ip) => ({ ip }));
    const podIPs = this.#addresses.map((ip) => ({ ip }));
    const ready = this.ready ? 'True' : 'False';
    return {
      metadata: {
        name: this.name,
        namespace: NAMESPACE,
        uid: this.#uid,
        labels: { [LABEL.key]: LABEL.value },
        ...(this.#deletionTimestamp && { deletionTimestamp: this.#deletionTimestamp }),
      },
      spec: {
        nodeName: this.#node.name,
        serviceAccountName: 'kubenurse',
        automountServiceAccountToken: false,
        containers: [{ name: 'kubenurse', image: 'kubenurse', securityContext: RESTRICTED }],
      },
      status: {
        phase: this.running ? 'Running' : 'Pending',
        hostIP: hostIPs[0]?.ip,
        hostIPs,
        ...(this.running && { podIP: podIPs[0]?.ip, podIPs }),
        conditions: [
          { type: 'PodScheduled', status: 'True' },
          { type: 'Initialized', status: 'True' },
          { type: 'ContainersReady', status: ready },
          { type: 'Ready', status: ready },
        ],
        containerStatuses: [
          {
            name: 'kubenurse',
            image: 'kubenurse',
            imageID: '',
            ready: this.ready,
            restartCount: 0,
            started: this.running,
            state: this.running
              ? { running: { startedAt: this.#startedAt } }
              : { waiting: { reason: 'ContainerCreating' } },
          },
        ],
      },
    };
  }
}

/** The one zone that every node is in. */
export const ZONE = 'zone-a';

/** The Node as kubelet writes it with its heartbeat; a cordoned one is unschedulable. */
export function nodeObject(node: NodeIdentity, cordoned: boolean): KubeObject {
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
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: new Date().toISOString() }],
      addresses: [
        ...node.addresses.map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: node.name },
      ],
    },
  };
}
