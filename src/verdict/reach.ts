import type { Edge } from './evidence.ts';
import type { OpenPaths } from './paths.ts';

/** Nodes none of whose checks of others succeed, and nodes that nobody's check reaches. */
export function isolatedNodes(open: OpenPaths): { blind: Set<string>; dark: Set<string> } {
  const { failing } = open;
  const fails = ({ up }: Edge) => !up;
  const from = new Set(failing.map((edge) => edge.from));
  const to = new Set(failing.map((edge) => edge.to));
  return {
    blind: new Set([...from].filter((node) => open.from(node).every(fails))),
    dark: new Set([...to].filter((node) => open.to(node).every(fails))),
  };
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
