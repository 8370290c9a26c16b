import type { Cause } from '../../../src/model.ts';
import type { SimulatedCluster } from './cluster.ts';
import type { Broken, Component, SimulatedFault, Where } from './faults.ts';
import type { Random } from './random.ts';

type Make = (random: Random, cluster: SimulatedCluster) => SimulatedFault | undefined;

const anyNode = (random: Random, { nodes }: SimulatedCluster) => random.pick(nodes).name;

/** A path that is checked. */
function anyPath(random: Random, cluster: SimulatedCluster): { from: string; to: string } {
  const from = anyNode(random, cluster);
  return { from, to: random.pick(cluster.neighbours.get(from) ?? []) };
}

function inZone({ nodes }: SimulatedCluster, ...zones: string[]): Set<string> {
  return new Set(nodes.filter(({ zone }) => zones.includes(zone)).map(({ name }) => name));
}

function somewhere(random: Random, cluster: SimulatedCluster): Where {
  const where = random.pick(cluster.zones.length > 0 ? WHERE : WHERE_WITHOUT_ZONES);
  if (where === 'cluster') {
    return { where, nodes: new Set(cluster.nodes.map(({ name }) => name)) };
  }
  if (where === 'node') return { where, nodes: new Set([anyNode(random, cluster)]) };
  const nodes = inZone(cluster, random.pick(cluster.zones));
  return nodes.size < 2 ? somewhere(random, cluster) : { where, nodes };
}

const WHERE = ['cluster', 'zone', 'node'] as const;
const WHERE_WITHOUT_ZONES = ['cluster', 'node'] as const;
const CAUSES: readonly Cause[] = ['unreachable', 'refused', 'hung', 'reset', 'tls', 'status'];
const COMPONENTS: readonly Component[] = ['api_server_direct', 'me_ingress', 'me_service', 'shop'];

/**
 * Two sides of at least two nodes each: zones, if there are any, or nodes that have nothing in
 * common.
 */
function anySplit(random: Random, cluster: SimulatedCluster): SimulatedFault | undefined {
  const { nodes, zones } = cluster;
  const names = random.shuffle(nodes.map(({ name }) => name));
  const bothWays = random.chance(0.7);
  const byZones = zones.length > 0 && random.chance(0.6);
  if (nodes.length < 5) return undefined;
  if (!byZones) {
    const size = 2 + random.below(nodes.length - 3);
    const sides = [new Set(names.slice(0, size)), new Set(names.slice(size))] as const;
    return { kind: 'split', sides, bothWays };
  }
  const [first = '', ...others] = random.shuffle(zones);
  // Of three zones, one may be cut off from the other two, or from only one of them.
  const far = others.length > 1 && random.chance(0.4) ? others.slice(1) : others;
  const sides = [inZone(cluster, first), inZone(cluster, ...far)] as const;
  return sides.some(({ size }) => size < 2) ? undefined : { kind: 'split', sides, bothWays };
}

const MAKE: readonly Make[] = [
  (random, cluster) => ({
    kind: 'gone',
    node: anyNode(random, cluster),
    cause: random.pick(['unreachable', 'refused', 'hung'] as const),
  }),
  (random, cluster) => ({
    kind: random.pick(['deaf', 'mute', 'isolated'] as const),
    node: anyNode(random, cluster),
  }),
  (random, cluster) => ({
    kind: 'path',
    ...anyPath(random, cluster),
    bothWays: random.chance(0.5),
  }),
  anySplit,
  (random, cluster) => ({ kind: 'dns', ...somewhere(random, cluster) }),
  (random, cluster) =>
    cluster.nameServers.length === 0
      ? undefined
      : {
          kind: 'name_server',
          server: random.pick(cluster.nameServers),
          overTcpOnly: random.chance(0.3),
          ...somewhere(random, cluster),
        },
  (random, cluster) => ({ kind: 'api', cause: random.pick(CAUSES), ...somewhere(random, cluster) }),
  (random, cluster) => ({
    kind: 'api_by_name',
    cause: random.pick(['tls', 'unreachable', 'dns'] as const),
    ...somewhere(random, cluster),
  }),
  (random, cluster) => ({
    kind: 'service',
    cause: random.pick(['unreachable', 'refused', 'hung', 'mtu'] as const),
    isEmpty: random.chance(0.3),
    ...somewhere(random, cluster),
  }),
  (random, cluster) => ({
    kind: 'ingress',
    cause: random.pick([...CAUSES, 'mtu'] as const),
    ...somewhere(random, cluster),
  }),
  (random, cluster) => ({
    kind: 'extra',
    cause: random.pick([...CAUSES, 'mtu'] as const),
    ...somewhere(random, cluster),
  }),
  (random, cluster) => ({
    kind: 'loss',
    node: anyNode(random, cluster),
    share: random.between(0.05, 0.2),
  }),
  (random, cluster) => ({
    kind: 'path_loss',
    ...anyPath(random, cluster),
    share: random.between(0.2, 0.35),
  }),
  (random, cluster) => {
    const isOfNode = random.chance(0.5);
    const node = anyNode(random, cluster);
    return isOfNode
      ? { kind: 'mtu', node }
      : { kind: 'api', cause: 'mtu', where: 'node', nodes: new Set([node]) };
  },
  (random, cluster) => ({ kind: 'path_mtu', ...anyPath(random, cluster) }),
  (random, cluster) => ({
    kind: 'slow',
    node: anyNode(random, cluster),
    direction: random.pick(['from', 'to', 'both'] as const),
  }),
  (random, cluster) => ({ kind: 'path_slow', ...anyPath(random, cluster) }),
  (random, cluster) => ({
    kind: 'component_slow',
    component: random.pick(COMPONENTS),
    ...somewhere(random, cluster),
  }),
  (random, cluster) => ({ kind: 'starved', node: anyNode(random, cluster) }),
];

/** Breaks one thing. Every kind of fault has the same chance. */
export function breakSomething(random: Random, cluster: SimulatedCluster): Broken {
  const fault = random.pick(MAKE)(random, cluster);
  // Not every cluster can be split, or checks name servers.
  if (fault === undefined) return breakSomething(random, cluster);
  return { ...fault, age: Math.round(random.between(20, random.chance(0.5) ? 90 : 3_000)) };
}

/** Whether this node can be the collector: without a program on it, it receives no request. */
export function canCollect(faults: readonly Broken[], node: string): boolean {
  return !faults.some((fault) => fault.kind === 'gone' && fault.node === node);
}
