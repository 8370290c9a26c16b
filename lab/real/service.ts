import type { ProxyFault } from '../parts/faults.ts';
import { Mutex } from '../support/mutex.ts';
import type { NodeNetwork } from './node-network.ts';
import { FIRST_SERVICE_MARK, type Service, serviceRules } from './service-rules.ts';

/** kube-proxy's part on every node: virtual addresses, and their faults. */
export class ServiceProxy {
  readonly #nodes = new Set<NodeNetwork>();
  #services: readonly Service[] = [];
  readonly #faults = new Map<string, ProxyFault>();
  readonly #mutex = new Mutex();

  /** Resolves once the node has the rules. It also gets later ones, until it is closed. */
  join(node: NodeNetwork): Promise<void> {
    return this.#mutex.run(async () => {
      this.#nodes.add(node);
      await this.#program(node);
    });
  }

  /**
   * Replaces the services. Resolves once that is in effect on all nodes for new connections; open
   * ones keep their backend. (So does UDP from a port that sent a query within the last two
   * minutes.)
   */
  set(services: readonly Service[]): Promise<void> {
    return this.#mutex.run(async () => {
      this.#services = services;
      await this.#programAll();
    });
  }

  /**
   * Replaces the fault of the services of this name; `undefined` heals. Resolves once it is in
   * effect for pods and, except for `slow`, for the nodes themselves. An open connection is cut
   * with its next segment; `reset` notifies only the client.
   */
  break(name: string, fault: ProxyFault | undefined): Promise<void> {
    return this.#mutex.run(async () => {
      if (fault === undefined) this.#faults.delete(name);
      else this.#faults.set(name, fault);
      await this.#programAll();
    });
  }

  async #programAll(): Promise<void> {
    for (const node of this.#nodes) if (node.isClosed) this.#nodes.delete(node);
    await Promise.all([...this.#nodes].map((node) => this.#program(node)));
  }

  async #program(node: NodeNetwork): Promise<void> {
    const slow = [...this.#faults.values()].filter((fault) => fault.kind === 'slow');
    const delays = slow.map(({ milliseconds }, index) => [
      FIRST_SERVICE_MARK + index,
      milliseconds,
    ]);
    await node.nft(serviceRules(this.#services, this.#faults));
    await node.delayMarked(Object.fromEntries(delays));
  }
}
