import { writeFile } from 'node:fs/promises';
import type { ControlPlane } from '../parts/control-plane.ts';
import type { Credentials } from '../parts/credentials.ts';
import type { NetworkFault, ProxyFault } from '../parts/faults.ts';
import type { Launch, NodeNetwork, PodSandbox } from '../parts/parts.ts';
import { UDP_PORT } from '../parts/pod.ts';
import { environmentOf, type Files } from './environment.ts';
import type { Layout, PodAddresses } from './layout.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { UdpForwarder } from './udp-forwarder.ts';

/** The port on which the program listens, and at which other pods reach it (contract). */
const PORT = 8080;

type Options = Readonly<{
  number: number;
  name: string;
  layout: Layout;
  files: Files;
  controlPlane: ControlPlane;
  /**
   * How many requests are in flight to the pod at this address through the Service or the ingress.
   */
  connectionsTo: (address: string) => number;
}>;

/** A node that consists of nothing but its pods' loopback addresses. */
export class EmbeddedNode implements NodeNetwork {
  readonly addresses: readonly string[];
  readonly #options: Options;
  readonly #used = new Set<number>();

  constructor(options: Options) {
    this.#options = options;
    this.addresses = [options.layout.pod(options.number, 0).pod];
  }

  async addPod(): Promise<PodSandbox> {
    const slot = this.#used.has(0) ? 1 : 0;
    this.#used.add(slot);
    const { layout, number } = this.#options;
    const addresses = layout.pod(number, slot);
    const backends = [{ address: addresses.program, port: PORT }];
    const proxy = await TcpProxy.start({
      address: addresses.pod,
      port: PORT,
      backends: () => backends,
    });
    // With one address, all pods would have the same port.
    const forwarder = layout.hasOneAddress
      ? undefined
      : await UdpForwarder.start(
          { address: addresses.pod, port: UDP_PORT },
          { address: addresses.program, port: UDP_PORT },
        );
    const network = {
      break: async (fault: ProxyFault | undefined) => {
        await Promise.all([proxy.break(fault), forwarder?.break(fault)]);
      },
      close: async () => {
        await Promise.all([proxy.close(), forwarder?.close()]);
      },
    };
    return new EmbeddedSandbox(this.#options, addresses, network, () => this.#used.delete(slot));
  }

  async close(): Promise<void> {}
}

/** The network in front of a pod's program. */
type Network = Readonly<{
  break: (fault: ProxyFault | undefined) => Promise<void>;
  close: () => Promise<void>;
}>;

/** A pod at a loopback address. A proxy stands in for the network in front of its program. */
class EmbeddedSandbox implements PodSandbox {
  readonly addresses: readonly string[];
  readonly programUrl: string;
  readonly #options: Options;
  readonly #address: PodAddresses;
  readonly #network: Network;
  readonly #closed: () => void;
  #credentials: Credentials | undefined;

  constructor(options: Options, address: PodAddresses, network: Network, closed: () => void) {
    this.addresses = [address.pod];
    this.programUrl = `http://${address.program}:${PORT}`;
    this.#options = options;
    this.#address = address;
    this.#network = network;
    this.#closed = closed;
  }

  async prepare(podName: string): Promise<Launch> {
    const { layout, files, controlPlane, name } = this.#options;
    const credentials = await files.writeCredentials(podName, controlPlane);
    this.#credentials = credentials;
    const node = { name, podName, programAddress: this.#address.program };
    const environment = environmentOf(layout, files, credentials, controlPlane.url, node);
    return { enter: [], environment };
  }

  async rotateToken(): Promise<string> {
    if (this.#credentials === undefined) throw new Error('there is no token yet');
    const { token, tokenFile } = this.#credentials;
    const next = await this.#options.controlPlane.issueToken(this.#options.name);
    await writeFile(tokenFile, next);
    this.#credentials = { ...this.#credentials, token: next };
    return token;
  }

  async isIdle(): Promise<boolean> {
    return this.#options.connectionsTo(this.#address.pod) === 0;
  }

  break(fault: NetworkFault | undefined): Promise<void> {
    return this.#network.break(proxyFault(fault));
  }

  async close(): Promise<void> {
    await this.#network.close();
    this.#closed();
  }
}

function proxyFault(fault: NetworkFault | undefined): ProxyFault | undefined {
  switch (fault?.kind) {
    case undefined:
    case 'down':
    case 'hang':
    case 'reset':
    case 'slow':
      return fault;
    case 'deaf':
    case 'mute':
    case 'isolated':
    case 'mtu-black-hole':
    case 'loss':
    case 'reordering':
    case 'udp-drop':
    case 'udp-reply-loss':
      throw new Error(`a proxy cannot be ${fault.kind}`);
  }
}
