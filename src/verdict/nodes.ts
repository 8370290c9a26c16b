import type { Cause } from '../model.ts';
import { type Draft, firstSince, mainCause, victimsOf } from './draft.ts';
import type { Edge, Evidence } from './evidence.ts';
import type { Kind } from './finding.ts';
import { nobodyReaches, reachesNobody } from './node-words.ts';
import { AGREEMENT, type OpenPaths } from './paths.ts';
import { isolatedNodes } from './reach.ts';

/** Where so many could be witnesses, so many have to be. */
const WITNESSES = 3;

/** Nodes that reach nobody, and nodes that nobody reaches. */
export type Isolated = Readonly<{ blind: ReadonlySet<string>; dark: ReadonlySet<string> }>;

/** The nodes at fault by themselves, by the paths that are still open. */
export function findNodes(evidence: Evidence, open: OpenPaths): Isolated & { drafts: Draft[] } {
  if (open.failing.length === 0) return { drafts: [], blind: new Set(), dark: new Set() };
  const blind = blindNodes(open);
  const dark = darkNodes(evidence, open, blind);
  const drafts = [...dark].map(([node, edges]) => unreachable(evidence, node, edges, blind));
  for (const [node, edges] of blind) {
    if (!dark.has(node)) drafts.push(mute(evidence, node, edges));
  }
  for (const edges of [...dark.values(), ...blind.values()]) open.explain(edges);
  return { drafts, blind: new Set(blind.keys()), dark: new Set(dark.keys()) };
}

/**
 * Nodes whose checks of others all fail, and these checks. At least two of the others must be reached by somebody else:
 * where one alone is left, it may as well be the path.
 */
function blindNodes(open: OpenPaths): Map<string, Edge[]> {
  const { blind } = isolatedNodes(open);
  const works = ({ to }: Edge) => open.to(to).some(({ from, up }) => up && !blind.has(from));
  return new Map(
    [...blind]
      .map((node): [string, Edge[]] => [node, open.from(node)])
      .filter(([, edges]) => edges.filter(works).length >= 2),
  );
}

/** Nodes that nobody reaches who reaches somebody, and all checks of them. */
function darkNodes(
  evidence: Evidence,
  open: OpenPaths,
  blind: ReadonlyMap<string, unknown>,
): Map<string, Edge[]> {
  const targets = new Set(open.failing.map(({ to }) => to));
  return new Map(
    [...targets].flatMap((node): [string, Edge[]][] => {
      const edges = open.to(node);
      const witnesses = edges.filter(({ from }) => !blind.has(from));
      const failing = witnesses.filter(({ up }) => !up).length;
      const possible = witnesses.length + (evidence.unconfirmed.get(node) ?? 0);
      const areEnough = failing >= 2 && failing >= Math.min(WITNESSES, possible);
      return areEnough && failing >= witnesses.length * AGREEMENT ? [[node, edges]] : [];
    }),
  );
}

/** Large packets alone, or some of all packets, are another fault than a node that is gone. */
function kindOf(cause: Cause | null, otherwise: Kind): Kind {
  if (cause === 'mtu') return 'mtu';
  return cause === 'packets_lost' ? 'loss' : otherwise;
}

function unreachable(
  evidence: Evidence,
  node: string,
  edges: readonly Edge[],
  blind: ReadonlyMap<string, readonly Edge[]>,
): Draft {
  const witnesses = edges.filter(({ from }) => !blind.has(from));
  const failing = witnesses.filter(({ up }) => !up);
  const own = blind.get(node) ?? [];
  const cause = mainCause(failing);
  return {
    kind: kindOf(cause, 'node_unreachable'),
    severity: evidence.cordoned.has(node) ? 'warning' : 'critical',
    subject: { type: 'node', node, direction: own.length > 0 ? 'both' : 'to' },
    cause,
    since: firstSince([...failing, ...own]),
    witnesses: { agree: failing.length, of: witnesses.length },
    ...nobodyReaches(evidence, node, cause, failing.length, witnesses.length),
    runbook: 'KubenurseNodeUnreachable.md',
    victims: victimsOf([...edges, ...own]),
  };
}

function mute(evidence: Evidence, node: string, edges: readonly Edge[]): Draft {
  const cause = mainCause(edges);
  return {
    kind: kindOf(cause, 'node_reaches_nobody'),
    severity: 'critical',
    subject: { type: 'node', node, direction: 'from' },
    cause,
    since: firstSince(edges),
    witnesses: { agree: edges.length, of: edges.length },
    ...reachesNobody(evidence, node, cause, edges.length),
    runbook: 'KubenurseNodeCannotReachOthers.md',
    victims: victimsOf(edges),
  };
}
