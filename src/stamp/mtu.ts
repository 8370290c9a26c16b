import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** The longest packet that is sent, in octets: an Ethernet frame's. A jumbo frame may be longer than its path takes. */
const MAX_MTU = 1_500;

const known = new Map<string, number>();

/** The MTU of the interface that has this address, in octets; at most, and where it cannot be read, Ethernet's. */
export function mtuOf(address: string): number {
  // Listing the interfaces takes a millisecond where there are hundreds.
  const mtu = known.get(address) ?? Math.min(MAX_MTU, readMtu(address) ?? MAX_MTU);
  known.set(address, mtu);
  return mtu;
}

function readMtu(address: string): number | undefined {
  const [name] =
    Object.entries(networkInterfaces()).find(([, all]) =>
      all?.some((each) => each.address === address),
    ) ?? [];
  try {
    return Number(readFileSync(`/sys/class/net/${name}/mtu`, 'utf8'));
  } catch {
    return undefined;
  }
}
