import { breakSomething, canCollect } from './break.ts';
import { NAME_SERVERS, simulatedCluster } from './cluster.ts';
import type { Case } from './look.ts';
import { Random } from './random.ts';
import { YOUNG } from './rounds.ts';

/** Large clusters are seldom drawn: one takes as long as hundreds of small ones. */
const SIZES = [
  [3, 0.28],
  [5, 0.28],
  [12, 0.26],
  [50, 0.15],
  [200, 0.025],
  [1_000, 0.005],
] as const;

function anySize(random: Random): number {
  let rest = random.next();
  for (const [size, share] of SIZES) {
    rest -= share;
    if (rest < 0) return size;
  }
  return 3;
}

/**
 * One broken path between two nodes that do not check each other, for longer than it takes to find
 * it.
 */
export function drawPathBesideTheRing(seed: number): Case {
  const random = new Random(seed);
  const size = random.pick([12, 13, 20, 50, 200]);
  const cluster = simulatedCluster(size, 1 + random.below(3));
  const names = cluster.nodes.map(({ name }) => name);
  const isChecked = (from: string, to: string) => cluster.neighbours.get(from)?.includes(to);
  for (;;) {
    const [from = '', to = '', collector = ''] = random.shuffle(names);
    if (isChecked(from, to)) continue;
    const age = (size - 1) * 5 + 30;
    return { seed, cluster, faults: [{ kind: 'path', from, to, bothWays: false, age }], collector };
  }
}

/**
 * A node with one of two DNS pods is gone: until that pod is removed from their Service, half of
 * all look-ups fail everywhere.
 */
export function drawDnsNodeGone(seed: number): Case {
  const random = new Random(seed);
  const size = random.pick([3, 3, 3, 5, 12, 50, 200]);
  const cluster = simulatedCluster(size, 1 + random.below(3));
  const [node = '', other = '', third = ''] = random.shuffle(cluster.nodes.map(({ name }) => name));
  const age = 20 + random.below(25);
  const faults = [{ kind: 'gone', node, cause: 'unreachable', age }] as const;
  return { seed, cluster, faults, collector: third, dnsNodes: [node, other] };
}

/** One fault that began so recently that checks of it are still in progress. */
export function drawYoung(seed: number): Case {
  const each = drawCase(seed, 1);
  const age = new Random(~seed).between(0, YOUNG);
  return { ...each, faults: each.faults.map((fault) => ({ ...fault, age })) };
}

/** A case by its seed: any size, `faultCount` faults, any live collector. */
export function drawCase(seed: number, faultCount: number, size?: number): Case {
  const random = new Random(seed);
  const cluster = simulatedCluster(
    size ?? anySize(random),
    1 + random.below(3),
    random.chance(0.5) ? NAME_SERVERS : [],
  );
  const faults = Array.from({ length: faultCount }, () => breakSomething(random, cluster));
  const alive = cluster.nodes.filter(({ name }) => canCollect(faults, name));
  const broken = faults.flatMap((fault) => ('node' in fault ? [fault.node] : []));
  const candidates = random.chance(0.25)
    ? alive.filter(({ name }) => broken.includes(name))
    : alive;
  const { name } = random.pick(candidates.length > 0 ? candidates : alive);
  return { seed, cluster, faults, collector: name };
}
