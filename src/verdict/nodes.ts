import { byCause, type Draft, firstSince, mainCause, victimsOf } from './draft.ts';
import type { Edge, Evidence } from './evidence.ts';
import type { Victim } from './finding.ts';
import { nobodyReaches, reachesNobody } from './node-words.ts';
import { AGREEMENT, type OpenPaths, WITNESSES } from './paths.ts';
import { isolatedNodes } from './reach.ts';
import { mapSteps, type Steps } from './steps.ts';

/** Nodes that reach nobody, and nodes that nobody reaches. */
export type Isolated = Readonly<{ blind: ReadonlySet<string>; dark: ReadonlySet<string> }>;

/** The nodes that are at fault themselves, by the paths still open. */
export function* findNodes(
  evidence: Evidence,
  open: OpenPaths,
): Steps<Isolated & { drafts: Draft[] }> {
  if (open.failing.length === 0) return { drafts: [], blind: new Set(), dark: new Set() };
  const blind = yield* blindNodes(evidence, open);
  const dark = yield* darkNodes(evidence, open, blind);
  const drafts = yield* mapSteps(dark, ([node, edges]) =>
    unreachable(evidence, node, edges, blind),
  );
  for (const [node, edges] of blind) {
    yield;
    if (!dark.has(node)) drafts.push(mute(evidence, node, edges));
  }
  for (const edges of [...dark.values(), ...blind.values()]) open.explain(edges);
  return { drafts, blind: new Set(blind.keys()), dark: new Set(dark.keys()) };
}

/**
 * Nodes whose checks of others all fail, and these checks. Other nodes must reach at least two of
 * the targets: if only one is left, the path may be at fault, unless what other nodes reach fails
 * from there as well.
 */
function* blindNodes(evidence: Evidence, open: OpenPaths): Steps<Map<string, Edge[]>> {
  const { blind } = yield* isolatedNodes(open);
  // Reached by others only: all checks of blind nodes fail.
  const reached = new Set(open.all.flatMap(({ to, up }) => (up ? to : [])));
  const works = ({ to }: Edge) => reached.has(to);
  const found = new Map<string, Edge[]>();
  for (const node of blind) {
    yield;
    const edges = open.from(node);
    if (edges.filter(works).length >= 2 || reachesNothing(evidence, node)) found.set(node, edges);
  }
  return found;
}

/** Whether every component fails from there, and at least two of them succeed on other nodes. */
function reachesNothing({ components }: Evidence, node: string): boolean {
  const own = [...components.values()].filter((all) => all.some((each) => each.node === node));
  const failsThere = own.filter((all) =>
    all.some((each) => each.node === node && each.up === false),
  );
  const failsAlone = failsThere.filter((all) =>
    all.some((each) => each.node !== node && each.up === true),
  );
  return failsThere.length === own.length && failsAlone.length >= 2;
}

/** Nodes that no witness (a node that reaches others) reaches, and all checks of them. */
function* darkNodes(
  evidence: Evidence,
  open: OpenPaths,
  blind: ReadonlyMap<string, unknown>,
): Steps<Map<string, Edge[]>> {
  const targets = new Set(open.failing.map(({ to }) => to));
  const found = new Map<string, Edge[]>();
  for (const node of targets) {
    yield;
    const edges = open.to(node);
    const witnesses = edges.filter(({ from }) => !blind.has(from));
    const failing = witnesses.filter(({ up }) => !up).length;
    const possible = witnesses.length + (evidence.unconfirmed.get(node) ?? 0);
    const areEnough = failing >= 2 && failing >= Math.min(WITNESSES, possible);
    if (areEnough && failing >= witnesses.length * AGREEMENT) found.set(node, edges);
  }
  return found;
}

const LOSS_RUNBOOK = 'KubenurseNodeLosesPackets.md';
const DARK = { kind: 'node_unreachable', runbook: 'KubenurseNodeUnreachable.md' } as const;
const MUTE = { kind: 'node_reaches_nobody', runbook: 'KubenurseNodeCannotReachOthers.md' } as const;

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
    ...byCause(cause, DARK, LOSS_RUNBOOK),
    severity: evidence.cordoned.has(node) ? 'warning' : 'critical',
    subject: { type: 'node', node, direction: own.length > 0 ? 'both' : 'to' },
    cause,
    since: firstSince([...failing, ...own]),
    witnesses: { agree: failing.length, of: witnesses.length },
    ...nobodyReaches(evidence, node, cause, failing.length, witnesses.length),
    victims: [
      ...victimsOf([...edges, ...own]),
      ...(own.length > 0 ? failuresOn(evidence, node) : []),
    ],
  };
}

function mute(evidence: Evidence, node: string, edges: readonly Edge[]): Draft {
  const cause = mainCause(edges);
  return {
    ...byCause(cause, MUTE, LOSS_RUNBOOK),
    severity: 'critical',
    subject: { type: 'node', node, direction: 'from' },
    cause,
    since: firstSince(edges),
    witnesses: { agree: edges.length, of: edges.length },
    ...reachesNobody(evidence, node, cause, edges.length),
    victims: [...victimsOf(edges), ...failuresOn(evidence, node)],
  };
}

/** What fails on a node that reaches nobody is its own fault, not that of a component. */
function failuresOn({ components }: Evidence, node: string): Victim[] {
  return [...components].flatMap(([type, all]) =>
    all.some((each) => each.node === node && each.up === false) ? [{ node, type }] : [],
  );
}
