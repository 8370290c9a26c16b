import type { WireFault } from '../parts/faults.ts';
import type { Backend, Breakable } from '../parts/parts.ts';
import { Turns } from '../support/turns.ts';
import { Wire } from './wire.ts';

/** A Service as kube-proxy has it: it takes its endpoints in turn, and refuses connections while there is none. */
export class EmbeddedService implements Breakable<WireFault> {
  readonly #wire: Wire;
  readonly #turns = new Turns();
  readonly #backends: { current: readonly Backend[] };
  #fault: WireFault | undefined;

  private constructor(wire: Wire, backends: { current: readonly Backend[] }) {
    this.#wire = wire;
    this.#backends = backends;
  }

  /** Without an endpoint at first. Rejects when the address cannot be listened at. */
  static async start(at: Readonly<{ address: string; port: number }>): Promise<EmbeddedService> {
    const backends: { current: readonly Backend[] } = { current: [] };
    const wire = await Wire.start({ ...at, backends: () => backends.current });
    const service = new EmbeddedService(wire, backends);
    await service.break(undefined);
    return service;
  }

  /** Resolves when it forwards to these and to no others. */
  setBackends(backends: readonly Backend[]): Promise<void> {
    return this.#turns.take(async () => {
      const hadNone = this.#backends.current.length === 0;
      this.#backends.current = backends;
      if (hadNone !== (backends.length === 0)) await this.#apply();
    });
  }

  /** Replaces the fault there was; `undefined` heals. Resolves when it is in effect. */
  break(fault: WireFault | undefined): Promise<void> {
    return this.#turns.take(() => {
      this.#fault = fault;
      return this.#apply();
    });
  }

  /** How many connections to the endpoint at `address` are open. */
  connectionsTo(address: string): number {
    return this.#wire.connectionsTo(address);
  }

  /** Stops listening and cuts the open connections. */
  close(): Promise<void> {
    return this.#wire.close();
  }

  #apply(): Promise<void> {
    return this.#wire.break(this.#backends.current.length === 0 ? { kind: 'down' } : this.#fault);
  }
}
