import type { Draft } from './draft.ts';
import type { Evidence, Observation } from './evidence.ts';
import { CHANCE } from './service-noise.ts';
import { groupSteps, mapSteps, type Steps } from './steps.ts';
import { nodeNames } from './words.ts';

/**
 * Failing look-ups that may by chance have gone to a DNS pod on an unreachable node: its Service
 * keeps sending queries there, as every Service does. Then about half of the look-ups fail on every
 * node (two CoreDNS pods are usual). `blind`: nodes that reach nobody.
 */
export function* lostLookUps(
  { components, reports }: Evidence,
  blind: ReadonlySet<string>,
): Steps<ReadonlySet<Observation>> {
  const isLookUp = ({ node, check }: Observation) =>
    !blind.has(node) && (check.byName || check.kind === 'name_server');
  // Only checks that most pods have: their number is evidence, and one report may list many others.
  const lookUps = yield* mapSteps(components.values(), (all) =>
    all.length * 2 > reports.size ? all.filter(isLookUp) : [],
  );
  const all = lookUps.flat();
  const failing = all.filter(({ up, check }) => up === false && check.cause === 'dns');
  yield;
  if (failing.length === 0 || !(yield* isOnMostNodes(all))) return new Set();
  const runs = failing.map(({ check }) => check.consecutive);
  const least = confirmedRun(runs, all.length);
  yield;
  return new Set(failing.filter(({ check }) => check.consecutive < least));
}

/** Whether look-ups failed within the last minute on at least half of the nodes. */
function* isOnMostNodes(all: readonly Observation[]): Steps<boolean> {
  const groups = yield* groupSteps(all, ({ node }) => node);
  const byNode = [...groups.values()];
  const hit = byNode.filter((own) => own.some(({ check }) => check.lastMinute.failures > 0));
  return hit.length * 2 >= byNode.length;
}

/**
 * The lowest number of failures in a row that cannot be chance, by how many of `all` checks have
 * reached it, if every other look-up fails; Infinity if there is none.
 */
function confirmedRun(runs: readonly number[], all: number): number {
  const isNoChance = (run: number, checks: number) =>
    checks * run * Math.LN2 - choices(checks, all) >= -Math.log(CHANCE);
  const confirmed = runs
    .toSorted((a, b) => b - a)
    .filter((run, index) => isNoChance(run, index + 1));
  return confirmed.at(-1) ?? Infinity;
}

/** Upper bound of the logarithm of the ways to choose k of n: n times the entropy of k/n. */
function choices(chosen: number, all: number): number {
  const part = (count: number) => (count === 0 ? 0 : count * Math.log(all / count));
  return part(chosen) + part(all - chosen);
}

/** The finding about what is unreachable, with the look-ups that it explains. */
export function withLookUps(draft: Draft, lost: ReadonlySet<Observation>): Draft {
  if (lost.size === 0) return draft;
  const nodes = [...new Set([...lost].map(({ node }) => node))];
  const there = draft.subject.type === 'node' ? `on ${draft.subject.node}` : 'on the other side';
  return {
    ...draft,
    details: [
      ...draft.details,
      `Name look-ups fail now and then on ${nodeNames(nodes)}: a pod of the cluster's DNS may be ${there}.`,
    ],
    victims: [
      ...draft.victims,
      ...[...lost].map(({ node, check }) => ({ node, type: check.type })),
    ],
  };
}
