import { BlockList, isIP } from 'node:net';
import { printable } from '../printable.ts';

/** How many invalid values to report in total: they recur with every event of their object. */
const MAX_REPORTS = 10;

/** How many characters of an invalid value to show. */
const SHOWN_LENGTH = 100;

/**
 * A name is a subdomain (RFC 1123), and a label's value is shorter. ASCII only, because V8 stores
 * a string in two bytes per character if it has any beyond Latin-1.
 */
const NAME = /^[\x20-\x7e]{1,253}$/;
const LABEL = /^[\x20-\x7e]{1,63}$/;

/** RFC 1123 subdomain, as Kubernetes requires of a node. */
const NODE_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Addresses that no pod can have: unspecified, multicast and broadcast. */
const unreachable = new BlockList();
unreachable.addSubnet('0.0.0.0', 8, 'ipv4');
unreachable.addSubnet('224.0.0.0', 4, 'ipv4');
unreachable.addAddress('255.255.255.255', 'ipv4');
unreachable.addAddress('::', 'ipv6');
unreachable.addSubnet('ff00::', 8, 'ipv6');

/** The value if it is a string no longer than a name may be, else empty. */
export function nameText(value: unknown): string {
  return typeof value === 'string' && NAME.test(value) ? value : '';
}

/** The value if it is a string no longer than a label's value may be, else empty. */
export function labelText(value: unknown): string {
  return typeof value === 'string' && LABEL.test(value) ? value : '';
}

export function isNodeName(value: unknown): value is string {
  return typeof value === 'string' && NODE_NAME.test(value);
}

/** Returns false if this is not an IPv4 or IPv6 address. */
export function isLoopback(address: string): boolean {
  return isIn(loopback, address);
}

/**
 * Whether the value is an IP address, without a zone, at which a pod may be reached from another
 * node.
 */
export function isPodAddress(value: unknown, options: { allowLoopback: boolean }): value is string {
  if (typeof value !== 'string' || isIP(value) === 0 || value.includes('%')) return false;
  if (isIn(unreachable, value)) return false;
  return options.allowLoopback || !isLoopback(value);
}

function isIn(list: BlockList, address: string): boolean {
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/** A value from the API server, made safe for a log line. */
export function shownValue(value: unknown): string {
  return printable(JSON.stringify(value) ?? 'undefined', SHOWN_LENGTH);
}

/** Passes each text on once, and at most ten in total. */
export function logOnce(report: (text: string) => void): (text: string) => void {
  const reported = new Set<string>();
  return (text) => {
    if (reported.has(text) || reported.size >= MAX_REPORTS) return;
    reported.add(text);
    report(text);
  };
}
