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
  /** With their prefix lengths, the primary family's first. */
  addresses: readonly string[];
  /** Where the bridge is, its name, and the name of the bridge's end of the link: at most 13 characters. */
  outside: Namespace;
  bridge: string;
  port: string;
  /** Who is spared by its faults. */
  operator: readonly string[];
}>;

/**
 * Has the kernel know who began a connection from the connection's first packet on, and not from when a fault looks
 * for it. It decides nothing.
 */
const TRACK_CONNECTIONS = `table inet conntrack {
  chain prerouting {
    type filter hook prerouting priority filter
    ct state established accept
  }
}`;

/** A network namespace with an interface `eth0` at a bridge. A server's machine, a node, and a pod each are one. */
export class Machine {
  readonly name: string;
  /** One for each family, the primary first. */
  readonly addresses: readonly string[];
  /** What a command line begins with to run there; the process is the command's own (exec). */
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

  /** Its interfaces are up and have their addresses; what is not on the link is not reached. */
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
   * As `enter`, for a program that sees these files and directories in the place of others; a file's place must
   * exist. What is replaced in a mounted directory is seen.
   */
  enterWith(mounts: readonly Mount[]): readonly string[] {
    return this.namespace.enterWith(mounts);
  }

  /** Adds routes, as `ip route` takes them, or replaces them. */
  addRoutes(commands: readonly string[]): Promise<void> {
    return this.#mutex.run(() => this.namespace.ip(commands));
  }

  /** Applies rules of nftables there, all or none. */
  nft(ruleset: string): Promise<void> {
    return this.#mutex.run(() => this.namespace.nft(ruleset));
  }

  /** Replaces what is done to the packets of its link, either way; `undefined` leaves them alone. */
  impair(impairment: Impairment | undefined): Promise<void> {
    return this.#mutex.run(async () => {
      this.#impairment = impairment;
      await this.#impairLink();
    });
  }

  /** Replaces by how much the packets that others have marked are delayed on its link, in ms by code point. */
  delayMarked(delays: Readonly<Record<number, number>>): Promise<void> {
    return this.#mutex.run(async () => {
      this.#marked = delays;
      await this.#impairLink();
    });
  }

  /**
   * Replaces the fault there was; `undefined` heals. A ProxyFault is one of these ports, TCP's and UDP's. Resolves
   * when it is in effect. Only connections of this namespace's own sockets are cut at once, others (a node's pods')
   * with their next segment.
   */
  break(fault: NetworkFault | undefined, ports: readonly number[] = PROBE_PORTS): Promise<void> {
    return this.#mutex.run(async () => {
      const [last, lastPorts] = [this.#fault, this.#ports];
      this.#fault = fault;
      this.#ports = ports;
      await this.namespace.nft(packetRules(fault, ports, this.#operator));
      await this.#impairLink();
      // `reset` notifies the client alone: what it left half open goes now.
      if (last?.kind === 'reset') await this.#cut(lastPorts);
      if (cutsConnections(fault)) await this.#cut(ports);
    });
  }

  /** Removes the namespace and the link. Programs in it should have ended: they are not ended by it. */
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

  /** Resets the connections to these ports, but the operator's (`ss --kill`, of iproute2). */
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
