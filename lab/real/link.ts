import { Impairer, type Impairment } from './impairment.ts';
import type { Namespace } from './namespace.ts';

/**
 * The address of every bridge. Without a fixed one, it would change with the interfaces on the
 * bridge.
 */
export const BRIDGE_MAC = '02:00:00:00:00:01';

/** One end is on a bridge, the other, `eth0`, in a machine. */
export type LinkEnds = Readonly<{
  outside: Namespace;
  bridge: string;
  /** The name of the bridge's end, at most 13 characters. */
  port: string;
  inside: Namespace;
}>;

/**
 * A machine's link to a bridge: a pair of virtual Ethernet interfaces. While it is impaired, the
 * bridge has one end of a second pair, and `impair` forwards between the two:
 *
 *     bridge – port-b = port-a – impair – port = eth0
 *
 * For a moment, while one path replaces the other, both exist: packets arrive twice, and none is
 * lost.
 */
export class Link {
  readonly #ends: LinkEnds;
  #impairer: Impairer | undefined;

  private constructor(ends: LinkEnds) {
    this.#ends = ends;
  }

  /** Creates it with both ends up. */
  static async create(ends: LinkEnds): Promise<Link> {
    const { outside, bridge, port, inside } = ends;
    await outside.ip([
      `link add ${port} type veth peer name eth0 netns ${inside.name}`,
      `link set ${port} addrgenmode none arp off`,
      `link set ${port} master ${bridge} up`,
    ]);
    return new Link(ends);
  }

  /**
   * Replaces the current impairment; `undefined` makes it a plain link again, once delayed packets
   * have arrived. Must not be called while another call is in progress. Rejects if `impair` is not
   * built.
   */
  async impair(impairment: Impairment | undefined): Promise<void> {
    if (impairment === undefined) await this.#restore();
    else if (this.#impairer !== undefined) await this.#impairer.set(impairment);
    else await this.#interpose(impairment);
  }

  /** Removes both ends. */
  async close(): Promise<void> {
    await this.impair(undefined);
    await this.#ends.outside.ip([`link delete ${this.#ends.port}`]);
  }

  async #interpose(impairment: Impairment): Promise<void> {
    const { outside, bridge, port } = this.#ends;
    const quiet = 'addrgenmode none arp off up';
    await outside.ip([
      `link add ${port}-a type veth peer name ${port}-b`,
      `link set ${port}-a ${quiet}`,
      `link set ${port}-b ${quiet}`,
    ]);
    try {
      this.#impairer = await Impairer.start(outside.enter, port, `${port}-a`, impairment);
    } catch (error) {
      await outside.ip([`link delete ${port}-a`]);
      throw error;
    }
    await outside.ip([`link set ${port}-b master ${bridge}`, ...leaveBridge(port)]);
  }

  async #restore(): Promise<void> {
    if (this.#impairer === undefined) return;
    const { outside, bridge, port } = this.#ends;
    await outside.ip([`link set ${port} master ${bridge}`]);
    await this.#impairer.letGo();
    await outside.ip(leaveBridge(`${port}-b`));
    await this.#impairer.close();
    this.#impairer = undefined;
    await outside.ip([`link delete ${port}-a`]);
  }
}

/**
 * Removes a port from its bridge while another one leads to the same machine. The bridge first
 * forgets whom it reaches through this port: otherwise it would drop frames for them from the
 * moment the port is disabled until its addresses are removed.
 */
function leaveBridge(port: string): string[] {
  return [`link set ${port} type bridge_slave learning off fdb_flush`, `link set ${port} nomaster`];
}
