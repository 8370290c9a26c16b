export type IpFamily = 'IPv4' | 'IPv6';

/** `.101` and `:101:` are the pods of node 1, and so on. */
const FIRST_POD_RANGE = 100;
/** `.255.0/24` is the range of the services. */
const LAST_NODE = 154;

/**
 * Which host has which address in a cluster. IPv6 addresses contain the numbers of machines, nodes
 * and pods with the same digits as IPv4 addresses: node 12 is `10.21.1.12` and `fd00:10:21::1:12`.
 */
export class AddressPlan {
  /** Such as `10.21`. */
  readonly network: string;
  /** The primary one is first. */
  readonly families: readonly IpFamily[];
  /** The start of every IPv6 address, such as `fd00:10:21`. */
  readonly #network6: string;

  /**
   * `network`: the first two bytes of every IPv4 address, such as `10.21`. Throws if it is anything
   * else.
   */
  constructor(network: string, families: readonly IpFamily[]) {
    if (!/^\d{1,3}\.\d{1,3}$/.test(network)) throw new Error(`"${network}" is not like 10.21`);
    this.network = network;
    this.families = families;
    this.#network6 = `fd00:${network.replace('.', ':')}`;
  }

  /**
   * The addresses of the machine with this number (1 is the operator), with the prefix length of
   * the common link.
   */
  machine(host: number): string[] {
    return this.of({
      IPv4: `${this.network}.0.${host}/16`,
      IPv6: `${this.#network6}::${host}/64`,
    });
  }

  /** Likewise for a node. Throws if there is no address for this number. */
  node(number: number): string[] {
    if (number < 1 || number > LAST_NODE) throw new Error(`there is no address for node ${number}`);
    return this.of({
      IPv4: `${this.network}.1.${number}/16`,
      IPv6: `${this.#network6}::1:${number}/64`,
    });
  }

  /** The ranges of a node's pods, such as `10.21.101.0/24`. */
  podRange(node: number): string[] {
    const range = FIRST_POD_RANGE + node;
    return this.of({
      IPv4: `${this.network}.${range}.0/24`,
      IPv6: `${this.#network6}:${range}::/64`,
    });
  }

  /**
   * The addresses of a pod, as single hosts. Numbers start at 1. Throws if there is no address for
   * this one.
   */
  pod(node: number, number: number): string[] {
    if (number < 1 || number > 254) throw new Error(`there is no address for pod ${number}`);
    const range = FIRST_POD_RANGE + node;
    return this.of({
      IPv4: `${this.network}.${range}.${number}/32`,
      IPv6: `${this.#network6}:${range}::${number}/128`,
    });
  }

  /** The virtual addresses of service number `host`. */
  service(host: number): string[] {
    return this.of({
      IPv4: `${this.network}.255.${host}`,
      IPv6: `${this.#network6}:ffff::${host}`,
    });
  }

  serviceRange(): string[] {
    return this.of({
      IPv4: `${this.network}.255.0/24`,
      IPv6: `${this.#network6}:ffff::/112`,
    });
  }

  /** The values for this plan's families, the primary one first. */
  of<T>(each: Readonly<Record<IpFamily, T>>): T[] {
    return this.families.map((family) => each[family]);
  }
}

/** The address without its prefix length. */
export function bare(address: string): string {
  return address.replace(/\/\d+$/, '');
}

export function familyOf(address: string): IpFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}
