import type { Backend } from '../parts/parts.ts';

/** `pod`: the pod's IP address. `program`: where its program listens, behind the pod's network. */
export type PodAddresses = Readonly<{ pod: string; program: string }>;

/** Where the parts of a cluster listen, all within one block of loopback addresses. */
export type Layout = Readonly<{
  apiServer: Backend;
  service: Backend;
  ingress: Backend;
  dns: Backend;
  /** Loopback has one address: what listens elsewhere is at a port of that (one-address.ts). */
  hasOneAddress: boolean;
  /**
   * Of a pod of the node of this number, counted from 1; beyond 250 it goes on in the next block of 256.
   * Two pods at once can be on a node: `slot` is 0 or 1.
   */
  pod: (number: number, slot: number) => PodAddresses;
}>;

const NODES_PER_BLOCK = 250;
/** So many blocks after its pod's address is the program's. */
const PROGRAM_BLOCKS = 100;
/** So many blocks after the first slot's address is the second's. */
const SLOT_BLOCKS = 50;

/** `network`: the first two bytes, such as `127.0`: parts at 127.0.0.x, pods from 127.0.1.1 on. DNS queries cannot be redirected. */
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
