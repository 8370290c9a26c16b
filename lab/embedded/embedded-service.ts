import type { ProxyFault } from '../parts/faults.ts';
import type { Backend, Breakable } from '../parts/parts.ts';
import { Mutex } from '../support/mutex.ts';
import { TcpProxy } from './tcp-proxy.ts';

/**
 * A Service as kube-proxy implements it: it rotates through its endpoints, and refuses connections
 * while it has none.
 */
export class EmbeddedService implements Breakable<ProxyFault> {
  readonly #proxy: TcpProxy;
  readonly #mutex = new Mutex();
  readonly #backends: { current: readonly Backend[] };
  #fault: ProxyFault | undefined;

  private constructor(proxy: TcpProxy, backends: { current: readonly Backend[] }) {
    this.#proxy = proxy;
    this.#backends = backends;
  }

  /** Starts without endpoints. Rejects if it cannot listen on the address. */
  static async start(at: Readonly<{ address: string; port: number }>): Promise<EmbeddedService> {
    const backends: { current: readonly Backend[] } = { current: [] };
    const proxy = await TcpProxy.start({ ...at, backends: () => backends.current });
    const service = new EmbeddedService(proxy, backends);
    await service.break(undefined);
    return service;
  }

  /** Resolves once it forwards to these and to no others. */
  setBackends(backends: readonly Backend[]): Promise<void> {
    return this.#mutex.run(async () => {
      const hadNone = this.#backends.current.length === 0;
      this.#backends.current = backends;
      if (hadNone !== (backends.length === 0)) await this.#apply();
    });
  }

  /** Replaces the current fault; `undefined` heals. Resolves once it is in effect. */
  break(fault: ProxyFault | undefined): Promise<void> {
    return this.#mutex.run(() => {
      this.#fault = fault;
      return this.#apply();
    });
  }

  /** How many connections to the endpoint at `address` are open. */
  connectionsTo(address: string): number {
    return this.#proxy.connectionsTo(address);
  }

  /** Stops listening and cuts the open connections. */
  close(): Promise<void> {
    return this.#proxy.close();
  }

  #apply(): Promise<void> {
    return this.#proxy.break(this.#backends.current.length === 0 ? { kind: 'down' } : this.#fault);
  }
}
