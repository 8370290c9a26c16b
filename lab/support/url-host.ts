import { isIPv6 } from 'node:net';

/** An IP address as the host of a URL: an IPv6 address in brackets. */
export function toUrlHost(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}
