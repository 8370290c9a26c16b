import type { Backend } from '../parts/parts.ts';

/**
 * `pod`: the pod's IP address. `program`: the address its program listens on, behind the pod's
 * network.
 */
export type PodAddresses = Readonly<{ pod: string; program: string }>;

/** Where the parts of a cluster listen, all within one block of loopback addresses. */
export type Layout = Readonly<{
  apiServer: Backend;
  service: Backend;
  ingress: Backend;
  dns: Backend;
  /** Loopback has only one address: every listener has a port of that one (one-address.ts). */
  hasOneAddress: boolean;
  /**
   * The addresses of a pod on the node with this number, counted from 1. Beyond 250, they continue
   * in the next block of 256. A node can have two pods at once: `slot` is 0 or 1.
   */
  pod: (number: number, slot: number) => PodAddresses;
}>;

const NODES_PER_BLOCK = 250;
/** Number of blocks from a pod's address to its program's. */
const PROGRAM_BLOCKS = 100;
/** Number of blocks from the first slot's address to the second's. */
const SLOT_BLOCKS = 50;

/**
 * `network`: the first two bytes, such as `127.0`. Parts are at 127.0.0.x, pods from 127.0.1.1 on.
 * DNS queries cannot be redirected.
 */
export function layoutOf(network: string, hasOneAddress = false): Layout {
  return {
    apiServer: { address: `${network}.0.10`, port: 6443 },
    service: { address: `${network}.0.11`, port: 8080 },
    ingress: { address: `${network}.0.12`, port: 8443 },
    dns: hasOneAddress
      ? { address: '127.0.0.1', port: 20_013 }
      : { address: `${network}.0.13`, port: 5353 },
    hasOneAddress,
    pod: (number, slot) => {
      const block = 1 + Math.floor((number - 1) / NODES_PER_BLOCK) + slot * SLOT_BLOCKS;
      const byte = 1 + ((number - 1) % NODES_PER_BLOCK);
      return {
        pod: `${network}.${block}.${byte}`,
        program: `${network}.${block + PROGRAM_BLOCKS}.${byte}`,
      };
    },
  };
}
