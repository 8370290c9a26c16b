import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { Ring, ringPosition } from '../../src/neighbours/choose.ts';

/** Made by vectors.py from the contract's rule; `neighbours` are indices of `nodes`, nearest first. */
type Cluster = {
  nodes: string[];
  vectors: { own: string; limit: number; neighbours: number[] }[];
};

const clusters: Cluster[] = JSON.parse(
  await readFile(new URL('vectors.json', import.meta.url), 'utf8'),
);

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `node-${index}`);

test('ringPosition() is the first 8 bytes, big-endian, of the SHA-256', () => {
  // FIPS 180-2, appendix B.1, and the empty message of NIST's CAVP.
  expect(ringPosition('abc')).toBe(0xba7816bf8f01cfean);
  expect(ringPosition('')).toBe(0xe3b0c44298fc1c14n);
});

describe.each(clusters)('Ring.choose() among $nodes.length nodes', ({ nodes, vectors }) => {
  test.each(vectors)('of $own, at most $limit, are those of the rule', (vector) => {
    const { own, limit, neighbours } = vector;
    expect(new Ring().choose(own, nodes, limit)).toEqual(neighbours.map((index) => nodes[index]));
  });
});

test('The test vectors cover 3, 11, 100 and 1,000 nodes, limits 1, 3, 10 and 0', () => {
  expect(clusters.map(({ nodes }) => nodes.length)).toEqual([3, 11, 100, 1_000]);
  for (const { vectors } of clusters) {
    expect(new Set(vectors.map(({ limit }) => limit))).toEqual(new Set([1, 3, 10, 0]));
  }
});

test('Ring.choose() has every node checked by as many as it checks', () => {
  const ring = new Ring();
  const nodes = numbered(100);
  const chosen = new Map<string, number>();
  for (const own of nodes) {
    for (const node of ring.choose(own, nodes, 10)) chosen.set(node, (chosen.get(node) ?? 0) + 1);
  }
  expect(chosen.size).toBe(100);
  expect(new Set(chosen.values())).toEqual(new Set([10]));
});

test('Ring.choose() does not depend on the order of the nodes', () => {
  const nodes = numbered(100);
  const shuffled = nodes.toSorted((a, b) => (a.slice(-1) + a < b.slice(-1) + b ? 1 : -1));
  expect(shuffled).not.toEqual(nodes);
  expect(new Ring().choose('node-0', shuffled, 10)).toEqual(new Ring().choose('node-0', nodes, 10));
});

test.each([0, 10])('Ring.choose() omits the own node (limit %i)', (limit) => {
  expect(new Ring().choose('node-0', ['node-0', 'node-1'], limit)).toEqual(['node-1']);
});

test('Ring.choose() without candidates is empty', () => {
  expect(new Ring().choose('node-0', [], 10)).toEqual([]);
});

test('Ring.choose() does not depend on what was chosen from before', () => {
  const ring = new Ring();
  for (const count of [100, 3, 0, 200, 10]) {
    const nodes = numbered(count).map((node) => `${node}-of-${count % 3}`);
    expect(ring.choose('node-0', nodes, 10)).toEqual(new Ring().choose('node-0', nodes, 10));
  }
});
