import { Ring } from '../../../src/neighbours/choose.ts';

export type SimulatedNode = Readonly<{ name: string; pod: string; zone: string }>;

/** Nodes, their zones, and who checks whom. */
export type SimulatedCluster = Readonly<{
  nodes: readonly SimulatedNode[];
  byName: ReadonlyMap<string, SimulatedNode>;
  zones: readonly string[];
  neighbours: ReadonlyMap<string, readonly string[]>;
  /** Those that every node checks, in the order of resolv.conf. */
  nameServers: readonly string[];
}>;

export const NAME_SERVERS = ['10.0.0.1', '10.0.0.2'] as const;

const LIMIT = 10;
const clusters = new Map<string, SimulatedCluster>();

/** `size` nodes, spread over `zoneCount` zones, that check each other by the contract's ring. */
export function simulatedCluster(
  size: number,
  zoneCount: number,
  nameServers: readonly string[] = [],
): SimulatedCluster {
  const key = `${size}/${zoneCount}/${nameServers}`;
  const known = clusters.get(key);
  if (known) return known;
  const zones = ['a', 'b', 'c'].slice(0, zoneCount);
  const nodes = Array.from({ length: size }, (_, index) => ({
    name: `node-${index + 1}`,
    pod: `kubenurse-${index + 1}`,
    zone: zoneCount === 1 ? '' : (zones[index % zoneCount] ?? ''),
  }));
  const names = nodes.map(({ name }) => name);
  const ring = new Ring();
  const cluster = {
    nodes,
    byName: new Map(nodes.map((node) => [node.name, node])),
    zones: zoneCount === 1 ? [] : zones,
    neighbours: new Map(names.map((name) => [name, ring.choose(name, names, LIMIT)])),
    nameServers,
  };
  clusters.set(key, cluster);
  return cluster;
}
