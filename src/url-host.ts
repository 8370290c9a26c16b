import { isIPv6 } from 'node:net';

/** A host name or IP address as the host of a URL: an IPv6 address in brackets. */
export function toUrlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

/** The host of a URL as a host name or IP address: without brackets. */
export function fromUrlHost(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
