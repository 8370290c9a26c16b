import { hash } from 'node:crypto';

const RING = 1n << 64n;

/**
 * A node's place on the ring: the first 8 bytes, big-endian, of its name's SHA-256 (the contract).
 */
export function ringPosition(nodeName: string): bigint {
  return hash('sha256', nodeName, 'buffer').readBigUInt64BE(0);
}

/** Chooses nodes by their places on the ring. */
export class Ring {
  /**
   * Places of the nodes chosen from: hashing all names again would be most of the work of a choice.
   */
  readonly #places = new Map<string, bigint>();

  /**
   * Which of these nodes have pods that `ownNode` checks, itself excluded: the `limit` nodes whose
   * positions follow its own most closely, nearest first (the contract; 0 = all).
   */
  choose(ownNode: string, nodes: readonly string[], limit: number): string[] {
    // Forgets nodes that are gone.
    if (this.#places.size > 2 * nodes.length) this.#places.clear();
    const most = limit === 0 ? Infinity : limit;
    const ownPlace = ringPosition(ownNode);
    const nearest: { node: string; distance: bigint }[] = [];
    const keepNearest = () => {
      nearest.sort((a, b) => (a.distance < b.distance ? -1 : 1));
      if (nearest.length > most) nearest.length = most;
    };
    let farthest = RING;
    for (const node of nodes) {
      const distance = BigInt.asUintN(64, this.#placeOf(node) - ownPlace);
      if (node === ownNode || distance > farthest) continue;
      nearest.push({ node, distance });
      // Only now and then, so that few nodes are sorted, not all of a large cluster.
      if (nearest.length < 2 * most) continue;
      keepNearest();
      farthest = nearest.at(-1)?.distance ?? RING;
    }
    keepNearest();
    return nearest.map(({ node }) => node);
  }

  #placeOf(node: string): bigint {
    const known = this.#places.get(node);
    if (known !== undefined) return known;
    const place = ringPosition(node);
    this.#places.set(node, place);
    return place;
  }
}
