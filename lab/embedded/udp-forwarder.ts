import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProxyFault } from '../parts/faults.ts';
import type { Backend } from '../parts/parts.ts';

/** How long after the last reply to a client it is forgotten, in milliseconds. */
const IDLE_MS = 5_000;

/**
 * A UDP forwarder at a pod's address: the network in front of its program. Each client has a
 * separate port, as with NAT.
 */
export class UdpForwarder {
  readonly #at: Backend;
  readonly #backend: Backend;
  readonly #clients = new Map<string, Socket>();
  #front: Socket | undefined;
  #fault: ProxyFault | undefined;

  private constructor(at: Backend, backend: Backend) {
    this.#at = at;
    this.#backend = backend;
  }

  /** Listens on `at`, and forwards packets to the backend. Rejects if it cannot listen. */
  static async start(at: Backend, backend: Backend): Promise<UdpForwarder> {
    const forwarder = new UdpForwarder(at, backend);
    await forwarder.break(undefined);
    return forwarder;
  }

  /**
   * Replaces the current fault; `undefined` heals. A fault that refuses or resets TCP connections
   * closes the port; one that hangs them drops packets.
   */
  async break(fault: ProxyFault | undefined): Promise<void> {
    this.#fault = fault;
    if (fault?.kind === 'down' || fault?.kind === 'reset') await this.close();
    else if (this.#front === undefined) await this.#listen();
  }

  /** Resolves when the port is free. */
  async close(): Promise<void> {
    for (const socket of this.#clients.values()) socket.close();
    this.#clients.clear();
    const front = this.#front;
    this.#front = undefined;
    if (front === undefined) return;
    front.close();
    await once(front, 'close');
  }

  async #listen(): Promise<void> {
    const front = createSocket('udp4').bind(this.#at.port, this.#at.address);
    await once(front, 'listening');
    front.on('message', (packet, { address, port }) => {
      if (this.#fault?.kind === 'hang') return;
      this.#socketFor(front, address, port).send(packet, this.#backend.port, this.#backend.address);
    });
    this.#front = front;
  }

  #socketFor(front: Socket, address: string, port: number): Socket {
    const key = `${address} ${port}`;
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const socket = createSocket('udp4');
    const idle = setTimeout(() => this.#clients.delete(key) && socket.close(), IDLE_MS).unref();
    socket.on('close', () => clearTimeout(idle));
    socket.on('error', () => {});
    socket.on('message', async (packet) => {
      idle.refresh();
      if (this.#fault?.kind === 'slow') await sleep(this.#fault.milliseconds);
      if (this.#front === front && this.#fault?.kind !== 'hang') front.send(packet, port, address);
    });
    this.#clients.set(key, socket);
    return socket;
  }
}
