import type { NetworkFault } from '../parts/faults.ts';
import type { AddressPlan } from './address-plan.ts';
import type { Impairment } from './impairment.ts';
import { BRIDGE_MAC } from './link.ts';
import { Machine, type MachineOptions } from './machine.ts';

/** A pod's network, behind its node's. */
export type PodNetwork = Machine;

/** The node's bridge for its pods. */
const BRIDGE = 'pods';
/** The pods' IPv6 gateway: the node's address on that bridge. IPv4's is the node's own address. */
const GATEWAY6 = 'fe80::1';

/** The network of a node: a machine that forwards to and from its pods. */
export class NodeNetwork {
  readonly number: number;
  readonly #plan: AddressPlan;
  readonly #options: MachineOptions;
  readonly #machine: Machine;
  /** By number; undefined while it is being added. */
  readonly #pods = new Map<number, PodNetwork | undefined>();
  #marked: Readonly<Record<number, number>> = {};
  #closed: Promise<void> | undefined;

  private constructor(
    number: number,
    plan: AddressPlan,
    options: MachineOptions,
    machine: Machine,
  ) {
    this.number = number;
    this.#plan = plan;
    this.#options = options;
    this.#machine = machine;
  }

  static async create(
    number: number,
    plan: AddressPlan,
    options: MachineOptions,
  ): Promise<NodeNetwork> {
    const machine = await Machine.create(options);
    try {
      await machine.namespace.set(['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
      await machine.namespace.makeBridgesPlain();
      await machine.namespace.ip([
        `link add ${BRIDGE} address ${BRIDGE_MAC} type bridge mcast_snooping 0`,
        `link set ${BRIDGE} addrgenmode none up`,
        ...plan.of({ IPv4: [], IPv6: [`address add ${GATEWAY6}/64 dev ${BRIDGE} nodad`] }).flat(),
        ...plan.podRange(number).map((range) => `route add ${range} dev ${BRIDGE}`),
        // The virtual addresses are nowhere. With a route, packets to them get as far as the rules.
        ...plan.serviceRange().map((range) => `route add ${range} dev eth0`),
      ]);
    } catch (error) {
      await machine.close();
      throw error;
    }
    return new NodeNetwork(number, plan, options, machine);
  }

  get name(): string {
    return this.#machine.name;
  }

  /** The node's own, one for each family, the primary first. */
  get addresses(): readonly string[] {
    return this.#machine.addresses;
  }

  /** Everything reached through it: the ranges of its pods. */
  get podRange(): readonly string[] {
    return this.#plan.podRange(this.number);
  }

  /** The start of a command line that runs on the node itself, as a pod with `hostNetwork` does. */
  get enter(): readonly string[] {
    return this.#machine.enter;
  }

  /** Adds a pod with the lowest free number. */
  async addPod(): Promise<PodNetwork> {
    const number = this.#freeNumber();
    const last = this.#pods.get(number);
    this.#pods.set(number, undefined);
    try {
      await last?.close();
      const pod = await this.#createPod(number);
      this.#pods.set(number, pod);
      await pod.delayMarked(this.#marked);
      return pod;
    } catch (error) {
      this.#pods.delete(number);
      throw error;
    }
  }

  /** Adds routes, given as commands of `ip`. */
  addRoutes(commands: readonly string[]): Promise<void> {
    return this.#machine.addRoutes(commands);
  }

  /** Applies nftables rules on the node, all or none. */
  nft(ruleset: string): Promise<void> {
    return this.#machine.nft(ruleset);
  }

  /** As for a Machine; packets between its pods do not pass the link. */
  impair(impairment: Impairment | undefined): Promise<void> {
    return this.#machine.impair(impairment);
  }

  /** As for a Machine, for the node and all its pods at once. */
  break(fault: NetworkFault | undefined): Promise<void> {
    return this.#machine.break(fault);
  }

  /** As for a Machine, for each of its pods, including later ones. */
  async delayMarked(delays: Readonly<Record<number, number>>): Promise<void> {
    this.#marked = delays;
    const pods = [...this.#pods.values()].filter((pod) => pod !== undefined && !pod.isClosed);
    await Promise.all(pods.map((pod) => pod?.delayMarked(delays)));
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** Removes its pods' networks and its own. */
  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    await Promise.all([...this.#pods.values()].map((pod) => pod?.close()));
    await this.#machine.close();
  }

  #freeNumber(): number {
    let number = 1;
    while (this.#pods.has(number) && !this.#pods.get(number)?.isClosed) number++;
    return number;
  }

  async #createPod(number: number): Promise<PodNetwork> {
    const [name, namespace] = [this.name, this.#options.namespace].map(
      (it) => `${it}-pod-${number}`,
    );
    const pod = await Machine.create({
      name: name ?? '',
      namespace: namespace ?? '',
      addresses: this.#plan.pod(this.number, number),
      outside: this.#machine.namespace,
      bridge: BRIDGE,
      port: `pod-${number}`,
      operator: this.#options.operator,
    });
    const [ipv4] = this.addresses.filter((address) => !address.includes(':'));
    const routes = this.#plan.of({
      IPv4: `route add default via ${ipv4} dev eth0 onlink`,
      IPv6: `route add default via ${GATEWAY6} dev eth0`,
    });
    try {
      await pod.addRoutes(routes);
    } catch (error) {
      await pod.close();
      throw error;
    }
    return pod;
  }
}
