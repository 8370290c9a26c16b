import type { KubernetesCluster } from './cluster.ts';
import { API_SERVER_FAULTS, DNS_FAULTS, PROBE_FAULTS } from './cluster-faults.ts';
import { NODE_FAULTS } from './node-faults.ts';

/** What can be broken, and how: `node-3:off`. Both functions resolve once that is in effect. */
export type Fault = Readonly<{
  break: (cluster: KubernetesCluster) => Promise<void>;
  heal: (cluster: KubernetesCluster) => Promise<void>;
}>;

/** Each part except the nodes, with its faults by name. */
const PARTS = { dns: DNS_FAULTS, 'api-server': API_SERVER_FAULTS, probe: PROBE_FAULTS } as const;

/** Parses `<part>:<fault>` for a cluster with these nodes. Throws with what is expected. */
export function parseFault(text: string, nodes: readonly string[]): Fault {
  const [part = '', name = ''] = text.split(':');
  if (nodes.includes(part)) {
    const way = choose(text, part, name, NODE_FAULTS);
    return {
      break: (cluster) => way.break(cluster.node(part), cluster),
      heal: (cluster) => way.heal(cluster.node(part), cluster),
    };
  }
  if (Object.hasOwn(PARTS, part)) {
    return choose(text, part, name, PARTS[part as keyof typeof PARTS]);
  }
  const parts = [...nodes, ...Object.keys(PARTS)];
  throw new Error(`unknown part "${part}"; expected ${parts.join(', ')}`);
}

/** What `parseFault` accepts, one per line. */
export function faultHelp(): string[] {
  return Object.entries({ 'node-N': NODE_FAULTS, ...PARTS }).flatMap(([part, faults]) =>
    Object.entries<{ does: string }>(faults).map(
      ([name, { does }]) => `${`${part}:${name}`.padEnd(22)} ${does}`,
    ),
  );
}

function choose<W>(text: string, part: string, name: string, ways: Readonly<Record<string, W>>): W {
  const way = Object.hasOwn(ways, name) ? ways[name] : undefined;
  if (way !== undefined) return way;
  const expected = Object.keys(ways).map((each) => `${part}:${each}`);
  throw new Error(`unknown fault "${text}"; expected ${expected.join(', ')}`);
}
