import { hash } from 'node:crypto';
import type { Neighbour } from '../probe.ts';

const RING = 1n << 64n;

/** A node's place on the ring: the first 8 bytes, big-endian, of its name's SHA-256 (the contract). */
export function ringPlace(nodeName: string): bigint {
  return hash('sha256', nodeName, 'buffer').readBigUInt64BE(0);
}

/**
 * The neighbours that `ownNode` asks: the `limit` whose places follow its own most closely, nearest first
 * (the contract; 0 = all). One a node, and none on our own: of two pods on one node the first given counts.
 */
export function chooseNeighbours(
  ownNode: string,
  candidates: Iterable<Neighbour>,
  limit: number,
): Neighbour[] {
  const byNode = new Map<string, Neighbour>();
  for (const candidate of candidates) {
    if (candidate.nodeName !== ownNode && !byNode.has(candidate.nodeName)) {
      byNode.set(candidate.nodeName, candidate);
    }
  }
  const ownPlace = ringPlace(ownNode);
  const ring = Array.from(byNode.values(), (neighbour) => ({
    neighbour,
    distance: (ringPlace(neighbour.nodeName) - ownPlace + RING) % RING,
  }));
  ring.sort((a, b) => (a.distance < b.distance ? -1 : 1));
  return ring.slice(0, limit === 0 ? undefined : limit).map(({ neighbour }) => neighbour);
}
