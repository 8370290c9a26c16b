import type { Edge } from './evidence.ts';
import type { OpenPaths } from './paths.ts';

/** Nodes none of whose checks of others succeed, and nodes that nobody's check reaches. */
export function isolatedNodes(open: OpenPaths): { blind: Set<string>; dark: Set<string> } {
  const { all } = open;
  const blind = new Set(all.map(({ from }) => from));
  const dark = new Set(all.map(({ to }) => to));
  for (const { from, to, up } of all) {
    if (!up) continue;
    blind.delete(from);
    dark.delete(to);
  }
  return { blind, dark };
}

/** What the paths' sources reach, and what reaches their targets, by way of any number of nodes. Both contain the ends. */
export function closure(edges: readonly Edge[], paths: readonly Edge[]) {
  const up = edges.filter((edge) => edge.up);
  return {
    reached: walk(
      Map.groupBy(up, ({ from }) => from),
      paths.map(({ from }) => from),
      ({ to }) => to,
    ),
    reaching: walk(
      Map.groupBy(up, ({ to }) => to),
      paths.map(({ to }) => to),
      ({ from }) => from,
    ),
  };
}

function walk(
  edges: ReadonlyMap<string, readonly Edge[]>,
  start: readonly string[],
  next: (edge: Edge) => string,
): Set<string> {
  const found = new Set(start);
  // Iterates over what is added meanwhile, too.
  for (const node of found) {
    for (const edge of edges.get(node) ?? []) found.add(next(edge));
  }
  return found;
}
