import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/**
 * The longest packet that is sent, in octets: that of an Ethernet frame. A jumbo frame may be
 * longer than the path allows.
 */
const MAX_MTU = 1_500;

const known = new Map<string, number>();

/**
 * The MTU of the interface with this address, in octets: at most Ethernet's, which also applies if
 * it cannot be read.
 */
export function mtuOf(address: string): number {
  // Listing the interfaces takes a millisecond if there are hundreds.
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
