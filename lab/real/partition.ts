import { familyOf } from './address-plan.ts';
import type { NodeNetwork } from './node-network.ts';

/**
 * Two groups of nodes that do not reach each other, including their pods. `one-way`: connections
 * opened by `from` do not reach `to`, those opened by `to` reach `from`.
 */
export type Partition = Readonly<{
  from: readonly NodeNetwork[];
  to: readonly NodeNetwork[];
  direction: 'both' | 'one-way';
}>;

/**
 * The whole ruleset of a node, for `nft -f`. It replaces that of the previous partition; with
 * `undefined`, none is left.
 */
export function partitionRules(partition: Partition | undefined, node: NodeNetwork): string {
  const rules = partition === undefined ? [] : rulesOf(partition, node);
  const removal = ['table inet partition', 'delete table inet partition'];
  if (rules.length === 0) return removal.join('\n');
  return [
    ...removal,
    'table inet partition {',
    'chain in {',
    'type filter hook prerouting priority filter',
    'iifname != eth0 accept',
    ...rules,
    '}',
    '}',
  ].join('\n');
}

function rulesOf({ from, to, direction }: Partition, node: NodeNetwork): string[] {
  if (to.includes(node)) return dropFrom(from, direction === 'both' ? '' : 'ct direction original');
  if (from.includes(node) && direction === 'both') return dropFrom(to, '');
  return [];
}

function dropFrom(nodes: readonly NodeNetwork[], which: string): string[] {
  const ranges = nodes.flatMap(({ addresses, podRange }) => [...addresses, ...podRange]);
  const byFamily = Map.groupBy(ranges, familyOf);
  return [...byFamily].map(([family, sources]) => {
    const header = family === 'IPv4' ? 'ip' : 'ip6';
    return `${header} saddr { ${sources.join(', ')} } ${which} drop`;
  });
}
