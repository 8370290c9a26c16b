import { AddressPlan, bare, familyOf, type IpFamily } from './address-plan.ts';
import { BRIDGE_MAC } from './link.ts';
import { Machine, type MachineOptions } from './machine.ts';
import { Namespace } from './namespace.ts';
import { NodeNetwork } from './node-network.ts';
import { type Partition, partitionRules } from './partition.ts';
import { ServiceProxy } from './service.ts';

export type { IpFamily } from './address-plan.ts';

/** The number of this process's own address among the machines'. */
const OPERATOR = 1;

/**
 * The network of a cluster: a bridge in the current namespace, and the machines and nodes on it,
 * each in a separate namespace. Several Fabrics can exist at once, and several machines of one
 * Fabric can be added at once.
 */
export class Fabric {
  readonly plan: AddressPlan;
  /** The virtual addresses of services on every node. */
  readonly services = new ServiceProxy();
  readonly #own = Namespace.own();
  readonly #machines = new Set<Machine>();
  readonly #nodes = new Set<NodeNetwork>();
  #links = 0;

  private constructor(plan: AddressPlan) {
    this.plan = plan;
  }

  /**
   * `network`: the first two bytes of every address, such as `10.21`, which no other existing
   * Fabric may use.
   */
  static async create(network: string, families: readonly IpFamily[]): Promise<Fabric> {
    const fabric = new Fabric(new AddressPlan(network, families));
    const bridge = fabric.#bridge;
    const addresses = fabric.plan.machine(OPERATOR);
    await fabric.#own.makeBridgesPlain();
    await fabric.#own.ip([
      `link add ${bridge} address ${BRIDGE_MAC} type bridge mcast_snooping 0`,
      `link set ${bridge} up`,
      ...addresses.map((address) => `address add ${address} dev ${bridge}${withoutDad(address)}`),
    ]);
    return fabric;
  }

  /** The primary one is first. */
  get families(): readonly IpFamily[] {
    return this.plan.families;
  }

  /** This process's own addresses on it, one for each family, the primary first. */
  get operator(): readonly string[] {
    return this.plan.machine(OPERATOR).map(bare);
  }

  /**
   * `host` is the last number of its addresses, such as 10 for `10.21.0.10` and `fd00:10:21::10`.
   */
  async addMachine(name: string, host: number): Promise<Machine> {
    const machine = await Machine.create(this.#options(name, this.plan.machine(host)));
    this.#machines.add(machine);
    await machine.addRoutes(this.#present(this.#nodes).flatMap(podRoutes));
    return machine;
  }

  /**
   * Node 7 is `10.21.1.7` and `fd00:10:21::1:7`; its pods are in `10.21.107.0/24` and
   * `fd00:10:21:107::/64`.
   */
  async addNode(number: number): Promise<NodeNetwork> {
    const options = this.#options(`node-${number}`, this.plan.node(number));
    const node = await NodeNetwork.create(number, this.plan, options);
    const others = this.#present(this.#nodes);
    const hosts = [...this.#present(this.#machines), ...others];
    this.#nodes.add(node);
    await Promise.all([
      this.#own.ip(podRoutes(node)),
      ...hosts.map((host) => host.addRoutes(podRoutes(node))),
      node.addRoutes(others.flatMap(podRoutes)),
      this.services.join(node),
    ]);
    return node;
  }

  /** Replaces the current partition; `undefined` heals it. It adds to any other faults. */
  async partition(partition: Partition | undefined): Promise<void> {
    const nodes = this.#present(this.#nodes);
    await Promise.all(nodes.map((node) => node.nft(partitionRules(partition, node))));
  }

  /** Removes all machines, nodes, pods, and the bridge. The programs in them should have ended. */
  async close(): Promise<void> {
    await Promise.all([...this.#nodes, ...this.#machines].map((each) => each.close()));
    await this.#own.ip([`link delete ${this.#bridge}`]);
  }

  get #bridge(): string {
    return `br-${this.#prefix}`;
  }

  get #prefix(): string {
    return this.plan.network.replace('.', '-');
  }

  #present<T extends Machine | NodeNetwork>(hosts: Set<T>): T[] {
    for (const host of hosts) if (host.isClosed) hosts.delete(host);
    return [...hosts];
  }

  #options(name: string, addresses: readonly string[]): MachineOptions {
    this.#links++;
    return {
      name,
      namespace: `${this.#prefix}-${name}`,
      addresses,
      outside: this.#own,
      bridge: this.#bridge,
      port: `m${this.#links}-${this.#prefix}`,
      operator: this.operator,
    };
  }
}

/** Routes to a node's pods from anywhere else. Those of a removed node stay, and lead nowhere. */
function podRoutes({ podRange, addresses }: NodeNetwork): string[] {
  return podRange.map((range, index) => `route replace ${range} via ${addresses[index]}`);
}

/** IPv6 would hold an address back for a second, to check whether another host has it. */
function withoutDad(address: string): string {
  return familyOf(address) === 'IPv6' ? ' nodad' : '';
}
