import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { chooseNeighbours, ringPlace } from '../../src/neighbours/choose.ts';
import { neighbourOn } from './pods.ts';

/** Made by vectors.py from the contract's rule; `neighbours` are indices of `nodes`, nearest first. */
type Cluster = {
  nodes: string[];
  vectors: { own: string; limit: number; neighbours: number[] }[];
};

const clusters: Cluster[] = JSON.parse(
  await readFile(new URL('vectors.json', import.meta.url), 'utf8'),
);

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `node-${index}`);

function chosenNodes(own: string, nodes: readonly string[], limit: number): string[] {
  const candidates = nodes.map((node) => neighbourOn(node));
  return chooseNeighbours(own, candidates, limit).map(({ nodeName }) => nodeName);
}

test('ringPlace() is the first 8 bytes, big-endian, of the SHA-256', () => {
  // FIPS 180-2, appendix B.1, and the empty message of NIST's CAVP.
  expect(ringPlace('abc')).toBe(0xba7816bf8f01cfean);
  expect(ringPlace('')).toBe(0xe3b0c44298fc1c14n);
});

describe.each(clusters)('chooseNeighbours() among $nodes.length nodes', ({ nodes, vectors }) => {
  test.each(vectors)('of $own, at most $limit, are those of the rule', (vector) => {
    const { own, limit, neighbours } = vector;
    expect(chosenNodes(own, nodes, limit)).toEqual(neighbours.map((index) => nodes[index]));
  });
});

test('The test vectors cover 3, 11, 100 and 1,000 nodes, limits 1, 3, 10 and 0', () => {
  expect(clusters.map(({ nodes }) => nodes.length)).toEqual([3, 11, 100, 1_000]);
  for (const { vectors } of clusters) {
    expect(new Set(vectors.map(({ limit }) => limit))).toEqual(new Set([1, 3, 10, 0]));
  }
});

test('chooseNeighbours() has every node asked by as many as it asks', () => {
  const nodes = numbered(100);
  const asked = new Map<string, number>();
  for (const own of nodes) {
    for (const node of chosenNodes(own, nodes, 10)) asked.set(node, (asked.get(node) ?? 0) + 1);
  }
  expect(asked.size).toBe(100);
  expect(new Set(asked.values())).toEqual(new Set([10]));
});

test('chooseNeighbours() does not depend on the order of the candidates', () => {
  const nodes = numbered(100);
  const shuffled = nodes.toSorted((a, b) => (a.slice(-1) + a < b.slice(-1) + b ? 1 : -1));
  expect(shuffled).not.toEqual(nodes);
  expect(chosenNodes('node-0', shuffled, 10)).toEqual(chosenNodes('node-0', nodes, 10));
});

test.each([0.34, 1])(
  'upstream fault: in a rollout with a surge of %d two pods on a node take the place of two neighbours',
  (surge) => {
    const nodes = numbered(100);
    const pods = nodes.flatMap((node, index) => [
      neighbourOn(node),
      ...(index < surge * nodes.length ? [neighbourOn(node, `surge-${node}`)] : []),
    ]);
    for (const own of nodes) {
      const chosen = chooseNeighbours(own, pods, 10);
      expect(new Set(chosen.map(({ nodeName }) => nodeName)).size).toBe(10);
      expect(chosen.map(({ nodeName }) => nodeName)).toEqual(chosenNodes(own, nodes, 10));
    }
  },
);

test('chooseNeighbours() takes the first given of two pods on a node', () => {
  const first = neighbourOn('node-1', 'b');
  const second = neighbourOn('node-1', 'a');
  expect(chooseNeighbours('node-0', [first, second], 10)).toEqual([first]);
});

test('chooseNeighbours() leaves out what runs on our own node, whatever its name', () => {
  const pods = [neighbourOn('node-0', 'surge'), neighbourOn('node-0'), neighbourOn('node-1')];
  expect(chooseNeighbours('node-0', pods, 0)).toEqual([neighbourOn('node-1')]);
});

test('chooseNeighbours() of nobody is nobody', () => {
  expect(chooseNeighbours('node-0', [], 10)).toEqual([]);
});
