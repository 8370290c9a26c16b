import { Fabric, type IpFamily } from '../../lab/real/fabric.ts';
import type { Machine } from '../../lab/real/machine.ts';
import type { NodeNetwork, PodNetwork } from '../../lab/real/node-network.ts';
import { run } from '../../lab/support/command.ts';
import type { Result } from './network-peer.ts';
import { Peer } from './network-peers.ts';

/**
 * How long it takes to see that there is no response: long, compared with the 1 ms that a response
 * takes here.
 */
export const LIMIT_MS = 800;
/** How long after it was lost Linux sends the first packet of a connection again. */
export const SYN_AGAIN_MS = 1_000;

/** A cluster's network: an ingress, three nodes with one pod each, and a program in each. */
export class Network {
  readonly fabric: Fabric;
  readonly ingress: Machine;
  readonly nodes: readonly NodeNetwork[];
  readonly pods: readonly PodNetwork[];
  readonly peers: readonly Peer[];

  constructor(
    fabric: Fabric,
    ingress: Machine,
    nodes: readonly NodeNetwork[],
    pods: readonly PodNetwork[],
    peers: readonly Peer[],
  ) {
    this.fabric = fabric;
    this.ingress = ingress;
    this.nodes = nodes;
    this.pods = pods;
    this.peers = peers;
  }

  static async start(network: string, families: readonly IpFamily[]): Promise<Network> {
    const fabric = await Fabric.create(network, families);
    const [ingress, ...nodes] = await Promise.all([
      fabric.addMachine('ingress', 12),
      ...[1, 2, 3].map((number) => fabric.addNode(number)),
    ]);
    const pods = await Promise.all(nodes.map((node) => node.addPod()));
    const peers = await Promise.all([
      ...pods.map((pod, index) => Peer.start(`pod-${index + 1}`, pod.enter)),
      Peer.start('ingress', ingress.enter),
      Peer.start('operator', [], fabric.operator),
    ]);
    return new Network(fabric, ingress, nodes, pods, peers);
  }

  node(number: number): NodeNetwork {
    return this.nodes[number - 1] as NodeNetwork;
  }

  pod(number: number): PodNetwork {
    return this.pods[number - 1] as PodNetwork;
  }

  peer(name: string): Peer {
    return this.peers.find((peer) => peer.name === name) as Peer;
  }

  async close(): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.stop()));
    await this.fabric.close();
  }
}

/** How a request ended, and whether it got as far as a connection. */
export function outcomeOf({ error, connected }: Result): string {
  if (error === undefined) return 'response';
  return connected ? `${error} when connected` : error;
}

export async function ruleset(machine: { enter: readonly string[] }): Promise<string> {
  return run([...machine.enter, 'nft', 'list', 'ruleset']);
}
