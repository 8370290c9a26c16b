import type { NetworkFault } from '../parts/faults.ts';
import { run } from '../support/command.ts';
import { Mutex } from '../support/mutex.ts';
import { bare, familyOf } from './address-plan.ts';
import type { Impairment } from './impairment.ts';
import { Link } from './link.ts';
import { type Mount, Namespace } from './namespace.ts';
import { cutsConnections, linkImpairment, PROBE_PORTS, packetRules } from './packet-rules.ts';

/** How a machine is connected. */
export type MachineOptions = Readonly<{
  name: string;
  /** The name of its namespace. */
  namespace: string;
  /** With prefix lengths, the primary family's first. */
  addresses: readonly string[];
  /**
   * The bridge's namespace, its name, and the name of its end of the link: at most 13 characters.
   */
  outside: Namespace;
  bridge: string;
  port: string;
  /** Addresses that its faults spare. */
  operator: readonly string[];
}>;

/**
 * Makes the kernel track who opened a connection from its first packet on, rather than from when a
 * fault needs to know. The rule has no other effect.
 */
const TRACK_CONNECTIONS = `table inet conntrack {
  chain prerouting {
    type filter hook prerouting priority filter
    ct state established accept
  }
}`;

/**
 * A network namespace with an interface `eth0` on a bridge. A server's machine, a node and a pod
 * are one each.
 */
export class Machine {
  readonly name: string;
  /** One for each family, the primary first. */
  readonly addresses: readonly string[];
  /** The start of a command line that runs there; the process is the command's own (exec). */
  readonly enter: readonly string[];
  readonly namespace: Namespace;
  readonly #operator: readonly string[];
  readonly #link: Link;
  #impairment: Impairment | undefined;
  #marked: Readonly<Record<number, number>> = {};
  #fault: NetworkFault | undefined;
  #ports = PROBE_PORTS;
  readonly #mutex = new Mutex();
  #closed: Promise<void> | undefined;

  private constructor(options: MachineOptions, namespace: Namespace, link: Link) {
    this.name = options.name;
    this.addresses = options.addresses.map(bare);
    this.enter = namespace.enter;
    this.namespace = namespace;
    this.#operator = options.operator;
    this.#link = link;
  }

  /** Its interfaces are up and have their addresses. It reaches only what is on the link. */
  static async create(options: MachineOptions): Promise<Machine> {
    await using creating = new AsyncDisposableStack();
    const { addresses, outside, bridge, port } = options;
    const inside = await Namespace.create(options.namespace);
    creating.defer(() => inside.close());
    const link = await Link.create({ outside, bridge, port, inside });
    creating.defer(() => link.close());
    const withIpv6 = addresses.some((address) => familyOf(address) === 'IPv6');
    await inside.ip([
      ...(withIpv6 ? [] : ['link set eth0 addrgenmode none']),
      'link set eth0 up',
      ...addresses.map((address) => `address add ${address} dev eth0`),
    ]);
    await inside.nft(TRACK_CONNECTIONS);
    creating.move();
    return new Machine(options, inside, link);
  }

  /**
   * Like `enter`, for a program that sees these files and directories in place of others. A file
   * can only replace an existing one. The program sees files that are replaced in a mounted
   * directory.
   */
  enterWith(mounts: readonly Mount[]): readonly string[] {
    return this.namespace.enterWith(mounts);
  }

  /** Adds or replaces routes, given as commands of `ip`. */
  addRoutes(commands: readonly string[]): Promise<void> {
    return this.#mutex.run(() => this.namespace.ip(commands));
  }

  /** Applies nftables rules there, all or none. */
  nft(ruleset: string): Promise<void> {
    return this.#mutex.run(() => this.namespace.nft(ruleset));
  }

  /** Replaces the impairment of packets on its link, in both directions; `undefined` removes it. */
  impair(impairment: Impairment | undefined): Promise<void> {
    return this.#mutex.run(async () => {
      this.#impairment = impairment;
      await this.#impairLink();
    });
  }

  /** Replaces the delays on its link of packets that others have marked, in ms by code point. */
  delayMarked(delays: Readonly<Record<number, number>>): Promise<void> {
    return this.#mutex.run(async () => {
      this.#marked = delays;
      await this.#impairLink();
    });
  }

  /**
   * Replaces the current fault; `undefined` heals. A ProxyFault affects these TCP and UDP ports.
   * Resolves once it is in effect. Only connections of this namespace's own sockets are cut
   * immediately, others (those of a node's pods) with their next segment.
   */
  break(fault: NetworkFault | undefined, ports: readonly number[] = PROBE_PORTS): Promise<void> {
    return this.#mutex.run(async () => {
      const [last, lastPorts] = [this.#fault, this.#ports];
      this.#fault = fault;
      this.#ports = ports;
      await this.namespace.nft(packetRules(fault, ports, this.#operator));
      await this.#impairLink();
      // `reset` notifies only the client: what it left half open is cut now.
      if (last?.kind === 'reset') await this.#cut(lastPorts);
      if (cutsConnections(fault)) await this.#cut(ports);
    });
  }

  /**
   * Removes the namespace and the link. Programs in it should have ended, because this does not end
   * them.
   */
  close(): Promise<void> {
    this.#closed ??= this.#mutex.run(async () => {
      await this.#link.close();
      await this.namespace.close();
    });
    return this.#closed;
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  async #impairLink(): Promise<void> {
    const { marked, ...fault } = linkImpairment(this.#fault);
    const delays = { ...this.#marked, ...marked };
    const isPlain = [this.#impairment, fault, delays].every(
      (it) => Object.keys(it ?? {}).length === 0,
    );
    await this.#link.impair(
      isPlain ? undefined : { ...this.#impairment, ...fault, marked: delays },
    );
  }

  /** Resets the connections to these ports, except the operator's (`ss --kill` of iproute2). */
  async #cut(ports: readonly number[]): Promise<void> {
    const some = ports.map((port) => `sport = :${port}`).join(' or ');
    const spared = this.#operator.map((address) => `and not dst [${address}]`).join(' ');
    await run([
      ...this.enter,
      'ss',
      '--kill',
      '-tH',
      'state',
      'connected',
      `( ${some} ) ${spared}`,
    ]);
  }
}
