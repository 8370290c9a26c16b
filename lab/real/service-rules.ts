import type { ProxyFault } from '../parts/faults.ts';
import type { Backend } from '../parts/parts.ts';
import { toUrlHost } from '../support/url-host.ts';
import { familyOf } from './address-plan.ts';
import { expandPayload } from './packet-rules.ts';

/** One port of a service. */
export type Service = Readonly<{
  /** The name that `break` takes; several ports may share it. */
  name: string;
  /** Its virtual addresses. */
  addresses: readonly string[];
  port: number;
  protocol: 'TCP' | 'UDP';
  /** Of any family; an address gets the ones of its family. */
  backends: readonly Backend[];
}>;

/** The code point of responses of the first slow service; the next one's is one higher. */
export const FIRST_SERVICE_MARK = 43;

/** The mark of a packet whose backend is its sender; kube-proxy has one as well. */
const TO_ITSELF = 1;

/**
 * What each fault does to the packets of connections to a virtual address, in both directions
 * unless the rule names one.
 */
const FAULTS: Record<Service['protocol'], Record<ProxyFault['kind'], string>> = {
  TCP: {
    down: 'reject with tcp reset',
    hang: '<payload> drop',
    reset: 'ct direction original <payload> reject with tcp reset',
    slow: 'ct direction reply <payload> <header> dscp set <mark>',
  },
  UDP: {
    down: 'reject with icmpx port-unreachable',
    hang: 'drop',
    reset: 'reject with icmpx port-unreachable',
    slow: 'ct direction reply <header> dscp set <mark>',
  },
};

/**
 * All rules of a node for `nft -f`, replacing the previous ones. As with kube-proxy: a random
 * backend for each connection, a reject if there is none, and the node's own address as the source
 * if a pod reaches itself.
 */
export function serviceRules(
  services: readonly Service[],
  faults: ReadonlyMap<string, ProxyFault>,
): string {
  const ports = services.flatMap((service) =>
    service.addresses.map((address) => portOf(service, address)),
  );
  const slow = [...faults].filter(([, { kind }]) => kind === 'slow').map(([name]) => name);
  const broken = ports.flatMap((port) => {
    const fault = faults.get(port.name);
    return fault ? faultRules(port, fault, FIRST_SERVICE_MARK + slow.indexOf(port.name)) : [];
  });
  const chain = (name: string, rules: readonly string[]) => [`chain ${name} {`, ...rules, '}'];
  return [
    'table inet service',
    // If a chain is deleted and added again, packets bypass both for an instant.
    'flush table inet service',
    'table inet service {',
    ...chain('backend', ports.flatMap(backendRules)),
    ...chain('no-backend', ports.flatMap(rejectRule)),
    ...chain('fault', ['tcp flags & rst == rst accept', ...broken]),
    ...chain('nat-prerouting', ['type nat hook prerouting priority dstnat', 'jump backend']),
    ...chain('nat-output', ['type nat hook output priority -100', 'jump backend']),
    ...chain('nat-postrouting', [
      'type nat hook postrouting priority srcnat',
      `meta mark ${TO_ITSELF} masquerade`,
    ]),
    ...chain('prerouting', ['type filter hook prerouting priority filter', 'jump fault']),
    ...chain('forward', ['type filter hook forward priority filter', 'jump no-backend']),
    ...chain('output', [
      'type filter hook output priority filter',
      'jump fault',
      'jump no-backend',
    ]),
    '}',
  ].join('\n');
}

/** A service's port at one of its addresses. */
type Port = Readonly<{
  name: string;
  header: 'ip' | 'ip6';
  address: string;
  protocol: Service['protocol'];
  number: number;
  backends: readonly Backend[];
}>;

function portOf({ name, port, protocol, backends }: Service, address: string): Port {
  const family = familyOf(address);
  return {
    name,
    header: family === 'IPv4' ? 'ip' : 'ip6',
    address,
    protocol,
    number: port,
    backends: backends.filter((backend) => familyOf(backend.address) === family),
  };
}

function matching({ header, address, protocol, number }: Port): string {
  return `${header} daddr ${address} ${protocol.toLowerCase()} dport ${number}`;
}

/**
 * Each backend takes its share of what those before it left. A map from numbers to backends would
 * not do: while rules are being replaced, the kernel still applies the old ones to a packet, but no
 * longer finds the elements of their maps.
 *
 * The packet of a pod that reaches itself is marked here, because it may leave the node under the
 * next rules, which may no longer have this backend.
 */
function backendRules(port: Port): string[] {
  return port.backends.flatMap((backend, index) => {
    const left = port.backends.length - index;
    const share = left === 1 ? '' : `numgen random mod ${left} 0 `;
    const target = `dnat ${port.header} to ${socketOf(backend)}`;
    const source = `${matching(port)} ${port.header} saddr`;
    return [
      `${source} ${backend.address} ${share}meta mark set ${TO_ITSELF} ${target}`,
      `${source} != ${backend.address} ${share}${target}`,
    ];
  });
}

function socketOf({ address, port }: Backend): string {
  return `${toUrlHost(address)}:${port}`;
}

function rejectRule(port: Port): string[] {
  return port.backends.length === 0 ? [`${matching(port)} reject with icmpx port-unreachable`] : [];
}

function faultRules(port: Port, fault: ProxyFault, mark: number): string[] {
  const { header, address, protocol, number } = port;
  const destination = `ct original ${header} daddr ${address}`;
  const match = `meta l4proto ${protocol.toLowerCase()} ${destination} ct original proto-dst ${number}`;
  const rule = FAULTS[protocol][fault.kind]
    .replace('<header>', header)
    .replace('<mark>', `${mark}`);
  return expandPayload(`${match} ${rule}`);
}
