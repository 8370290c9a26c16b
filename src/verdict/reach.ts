import type { Edge } from './evidence.ts';
import type { OpenPaths } from './paths.ts';
import { groupSteps, type Steps } from './steps.ts';

/** Nodes whose checks of others all fail, and nodes that no check reaches. */
export function* isolatedNodes(open: OpenPaths): Steps<{ blind: Set<string>; dark: Set<string> }> {
  const { failing } = open;
  const fails = ({ up }: Edge) => !up;
  const from = new Set(failing.map((edge) => edge.from));
  const to = new Set(failing.map((edge) => edge.to));
  const [blind, dark] = [new Set<string>(), new Set<string>()];
  for (const node of from) {
    yield;
    if (open.from(node).every(fails)) blind.add(node);
  }
  for (const node of to) {
    yield;
    if (open.to(node).every(fails)) dark.add(node);
  }
  return { blind, dark };
}

/** Nodes that are reached, and nodes that reach. */
export type Closure = Readonly<{ reached: Set<string>; reaching: Set<string> }>;

/**
 * What the paths' sources reach, and what reaches their targets, through any number of nodes. Both
 * include the paths' ends.
 */
export function* closure(edges: readonly Edge[], paths: readonly Edge[]): Steps<Closure> {
  const up = edges.filter((edge) => edge.up);
  return {
    reached: yield* walk(
      yield* groupSteps(up, ({ from }) => from),
      paths.map(({ from }) => from),
      ({ to }) => to,
    ),
    reaching: yield* walk(
      yield* groupSteps(up, ({ to }) => to),
      paths.map(({ to }) => to),
      ({ from }) => from,
    ),
  };
}

function* walk(
  edges: ReadonlyMap<string, readonly Edge[]>,
  start: readonly string[],
  next: (edge: Edge) => string,
): Steps<Set<string>> {
  const found = new Set(start);
  // Also iterates over what is added meanwhile.
  for (const node of found) {
    yield;
    for (const edge of edges.get(node) ?? []) found.add(next(edge));
  }
  return found;
}
