import type { NetworkFault } from '../parts/faults.ts';
import { UDP_PORT } from '../parts/pod.ts';
import type { Impairment } from './impairment.ts';

/**
 * The ports on which a pod's program listens, without and with TLS (contract), which a ProxyFault
 * affects.
 */
export const PROBE_PORTS: readonly number[] = [8080, 8443];

/**
 * The Differentiated Services code point of packets that `impair` delays: one that nobody else
 * uses.
 */
const SLOW_MARK = 42;

/**
 * Linux sets PSH on the last segment of what was written, and no segment without payload is longer
 * than 120 bytes.
 */
const PAYLOAD = ['tcp flags & psh == psh', 'meta length > 120'];

type Rules = Readonly<{ in?: readonly string[]; out?: readonly string[] }>;

/**
 * What each fault does to packets. `<ports>` are the broken ones, `<payload>` matches segments with
 * data, `<percent>` is the fault's.
 */
const RULES: Record<NetworkFault['kind'], Rules> = {
  down: {
    in: [
      'tcp dport <ports> reject with tcp reset',
      'udp dport <ports> reject with icmpx port-unreachable',
    ],
  },
  hang: {
    in: ['tcp dport <ports> <payload> drop', 'udp dport <ports> drop'],
    out: ['tcp sport <ports> <payload> drop', 'udp sport <ports> drop'],
  },
  reset: {
    in: [
      'tcp dport <ports> <payload> reject with tcp reset',
      'udp dport <ports> reject with icmpx port-unreachable',
    ],
  },
  slow: {
    out: ['tcp sport <ports> <payload> <slow>', 'udp sport <ports> <slow>'],
  },
  deaf: { in: ['ct direction original drop'] },
  mute: { out: ['ct direction original drop'] },
  isolated: { in: ['drop'], out: ['drop'] },
  'mtu-black-hole': { in: ['meta length > 1000 drop'], out: ['meta length > 1000 drop'] },
  'udp-drop': { in: [`udp dport ${UDP_PORT} drop`] },
  'udp-reply-loss': { out: [`udp sport ${UDP_PORT} numgen random mod 100 < <percent> drop`] },
  loss: {},
  reordering: {},
};

/** Without it, nobody, including the operator, can reach an IPv6 address. */
const NEIGHBOUR_DISCOVERY = 'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept';

/**
 * The whole ruleset of a fault, for `nft -f`. It replaces the previous one; with `undefined`, none
 * is left. `in` and `out` are as seen from the machine behind `eth0`, or from all pods behind it if
 * it is a node.
 */
export function packetRules(
  fault: NetworkFault | undefined,
  ports: readonly number[],
  operator: readonly string[],
): string {
  const removal = ['table inet fault', 'delete table inet fault'];
  if (fault === undefined) return removal.join('\n');
  const rules = RULES[fault.kind];
  const chain = (
    name: string,
    hook: string,
    device: string,
    peer: string,
    own: readonly string[],
  ) =>
    [
      `chain ${name} {`,
      `type filter hook ${hook} priority filter`,
      `${device} != eth0 accept`,
      ...operator.map(
        (address) => `${address.includes(':') ? 'ip6' : 'ip'} ${peer} ${address} accept`,
      ),
      NEIGHBOUR_DISCOVERY,
      ...own.flatMap((rule) => expand(withPercent(rule, fault), ports)),
      '}',
    ].join('\n');
  return [
    ...removal,
    'table inet fault {',
    chain('in', 'prerouting', 'iifname', 'saddr', rules.in ?? []),
    chain('out', 'postrouting', 'oifname', 'daddr', rules.out ?? []),
    '}',
  ].join('\n');
}

/** Whether it cuts the connections that are open when it starts. */
export function cutsConnections(fault: NetworkFault | undefined): boolean {
  return fault?.kind === 'down' || fault?.kind === 'reset';
}

/** The part of a fault that packet rules cannot implement, which is done on the link. */
export function linkImpairment(fault: NetworkFault | undefined): Impairment {
  if (fault?.kind === 'loss') return { lossPercent: fault.percent };
  if (fault?.kind === 'reordering') return { delayMs: 20, jitterMs: 20 };
  if (fault?.kind === 'slow') return { marked: { [SLOW_MARK]: fault.milliseconds } };
  return {};
}

function withPercent(rule: string, fault: NetworkFault): string {
  return 'percent' in fault ? rule.replace('<percent>', String(fault.percent)) : rule;
}

function expand(rule: string, ports: readonly number[]): string[] {
  const slow = rule.includes('<slow>') ? ['ip', 'ip6'] : [''];
  return slow
    .map((header) => rule.replace('<slow>', `${header} dscp set ${SLOW_MARK}`))
    .flatMap((each) => expandPayload(each.replace('<ports>', `{ ${ports.join(', ')} }`)));
}

/** A rule with `<payload>` becomes two. */
export function expandPayload(rule: string): string[] {
  return rule.includes('<payload>')
    ? PAYLOAD.map((match) => rule.replace('<payload>', match))
    : [rule];
}
