import type { Evidence } from './evidence.ts';
import type { Side } from './finding.ts';

/** The zone of a node; empty if it has none. */
export function zoneOf({ zones }: Evidence, node: string): string {
  return zones.get(node) ?? '';
}

/** A side's nodes, and its zones if most of their nodes are on it and none are on the other one. */
export function sideOf(
  evidence: Evidence,
  nodes: ReadonlySet<string>,
  others: ReadonlySet<string>,
): Side {
  const zones = new Set([...nodes].map((node) => zoneOf(evidence, node)));
  const isNamed = [...zones].every((zone) => {
    const members = [...evidence.nodes].filter((node) => zoneOf(evidence, node) === zone);
    const isHere = members.filter((node) => nodes.has(node)).length * 2 > members.length;
    return zone !== '' && isHere && !members.some((node) => others.has(node));
  });
  return { nodes: [...nodes], zones: isNamed ? [...zones].sort() : [] };
}
