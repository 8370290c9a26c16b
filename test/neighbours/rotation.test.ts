import { expect, test } from 'vitest';
import { Rotation } from '../../src/neighbours/rotation.ts';
import { Suspects } from '../../src/neighbours/suspects.ts';

const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => `node-${index}`).sort();

/** A round of 5 s in November 2026. */
const ROUND = 359_000_017;

/** What a pod that starts in this round checks first. */
function firstOf(own: string, nodes: readonly string[], round: number, count: number): string[] {
  return new Rotation().next(own, nodes, round, count);
}

function load(targets: readonly string[]): Map<string, number> {
  const checkers = new Map<string, number>();
  for (const node of targets) checkers.set(node, (checkers.get(node) ?? 0) + 1);
  return checkers;
}

test('in each round, each of 2 to 200 nodes is checked by as many as it checks, whenever they started', () => {
  for (let size = 2; size <= 200; size++) {
    const nodes = numbered(size);
    for (const count of [1, 3]) {
      const round = ROUND + size;
      const checkers = load(
        nodes.flatMap((own, index) => {
          const rotation = new Rotation();
          for (let before = index % 7; before > 0; before--) {
            rotation.next(own, nodes, round - before, count);
          }
          return rotation.next(own, nodes, round, count);
        }),
      );
      expect(checkers.size).toBe(size);
      expect(new Set(checkers.values())).toEqual(new Set([Math.min(count, size - 1)]));
    }
  }
});

test.each([1, 3])(
  'each of 2 to 200 nodes, %i per round, checks each other in each cycle, and never itself',
  (count) => {
    for (let size = 2; size <= 200; size++) {
      const nodes = numbered(size);
      const own = nodes[size >> 1] ?? '';
      const rotation = new Rotation();
      const rounds = Math.ceil((size - 1) / count);
      for (const begin of [ROUND, ROUND + rounds]) {
        const cycle = Array.from({ length: rounds }, (_, index) =>
          rotation.next(own, nodes, begin + index, count),
        );
        expect(new Set(cycle.flat())).toEqual(new Set(nodes.filter((node) => node !== own)));
      }
    }
  },
);

test('a node that comes or goes in each round does not make a cycle leave out another', () => {
  const nodes = numbered(100);
  const rotation = new Rotation();
  const checked = new Set<string>();
  for (let round = 0; round < 99; round++) {
    const listed = nodes.toSpliced((round * 37) % 100, round % 2);
    for (const node of rotation.next('node-7', listed, ROUND + round, 1)) checked.add(node);
  }
  // A node that is gone in the very round in which it would be checked is left out.
  expect(checked.size).toBeGreaterThanOrEqual(97);
});

test('a pod whose own node is not listed (cordoned) checks the same nodes', () => {
  const nodes = numbered(20);
  const others = nodes.filter((node) => node !== 'node-7');
  expect(firstOf('node-7', others, ROUND, 3)).toEqual(firstOf('node-7', nodes, ROUND, 3));
});

test('a node is checked by at most two while half of the pods do not know of a new one', () => {
  const before = numbered(100);
  const after = numbered(101);
  for (let round = ROUND; round < ROUND + 100; round++) {
    const targets = after.flatMap((own, index) =>
      firstOf(own, index % 2 === 0 ? before : after, round, 1),
    );
    expect(Math.max(...load(targets).values())).toBeLessThanOrEqual(2);
  }
});

test.each([0, 1])('without other nodes there is nothing to check (%i listed)', (size) => {
  expect(firstOf('node-0', numbered(size), ROUND, 1)).toEqual([]);
});

test('a count of 0 checks nothing', () => {
  expect(firstOf('node-0', numbered(5), ROUND, 0)).toEqual([]);
});

test('1,000 pods find a single broken pair within one cycle, and suspect no other', () => {
  const nodes = numbered(1_000);
  const fleet = nodes.map((own) => ({ own, rotation: new Rotation(), suspects: new Suspects() }));
  for (let round = ROUND; round < ROUND + 999; round++) {
    for (const { own, rotation, suspects } of fleet) {
      for (const node of rotation.next(own, nodes, round, 1)) {
        if (own === 'node-421' && node === 'node-77') suspects.failed(node);
        else suspects.ok(node, round * 5_000);
      }
    }
  }
  const found = fleet.flatMap(({ own, suspects }) => suspects.nodes().map((node) => [own, node]));
  expect(found).toEqual([['node-421', 'node-77']]);
});
