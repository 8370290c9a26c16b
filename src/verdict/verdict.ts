import { findPaths } from './broken-paths.ts';
import { findComponents } from './components.ts';
import { type Draft, finding } from './draft.ts';
import type { Evidence, Observation } from './evidence.ts';
import { type Finding, KINDS } from './finding.ts';
import { findLoss } from './loss.ts';
import { lostLookUps, withLookUps } from './lost-look-ups.ts';
import { withoutSlowLookUps } from './name-servers.ts';
import { findNodes } from './nodes.ts';
import { notAffected } from './not-affected.ts';
import { OpenPaths } from './paths.ts';
import { evidenceSteps } from './read-evidence.ts';
import type { ClusterView } from './report.ts';
import { type DeadEndpoints, isNoticed } from './service-noise.ts';
import { findSlow } from './slow.ts';
import { findSplits } from './split.ts';
import { findStarved, starvedNodes } from './starved.ts';
import { finish, type Steps } from './steps.ts';
import { alone, mostlySilent, podList, silentPods } from './view.ts';

/**
 * What is wrong with the cluster, the most general first; [] if nothing is. Pure: the same view has
 * the same verdict. docs/verdict.md describes the rules.
 */
export function verdict(view: ClusterView): Finding[] {
  return finish(verdictSteps(view));
}

/** `verdict()` in steps: with 5,000 pods it takes a third of a second. */
export function* verdictSteps(view: ClusterView): Steps<Finding[]> {
  const evidence = yield* evidenceSteps(view);
  yield;
  const aboutView = alone(evidence);
  if (aboutView) return [...aboutView, ...podList(evidence)].map((draft) => finding(draft, ''));
  const open = new OpenPaths(evidence);
  const splits = yield* findSplits(evidence, open);
  yield;
  const nodes = yield* findNodes(evidence, open);
  yield;
  const loss = yield* findLoss(evidence, open);
  yield;
  const found = [...splits, ...nodes.drafts, ...loss];
  const network = [...found, ...(yield* findPaths(evidence, open, found))];
  yield;
  const outside = new Set([...splits.flatMap(farSide), ...nodes.dark]);
  const starved = starvedNodes(evidence);
  const unreached = [
    ...splits,
    ...nodes.drafts.filter(({ cause, since }) => !isNoticed(cause, since, view.now)),
  ];
  const lost =
    unreached.length === 0 ? new Set<Observation>() : yield* lostLookUps(evidence, nodes.blind);
  yield;
  const dead = deadEndpoints(evidence, unreached);
  const components = yield* findComponents(evidence, nodes.blind, dead, lost);
  yield;
  const lossy = network.flatMap(({ kind, subject }) =>
    kind === 'loss' && subject.type === 'node' ? [subject.node] : [],
  );
  const silent = silentPods(
    evidence,
    (node) => outside.has(node) || isSubject(network, node, view.collector.node),
  );
  yield;
  const timely = yield* withoutSlowLookUps(evidence);
  const slow = yield* findSlow(timely, starved.union(new Set(lossy)));
  yield;
  const drafts = [
    ...mostlySilent(evidence),
    ...network.map((each) => (each === unreached[0] ? withLookUps(each, lost) : each)),
    ...components,
    ...findStarved(evidence, starved),
    ...slow,
    ...silent,
    ...podList(evidence),
  ];
  yield;
  const works = notAffected(evidence, drafts);
  yield;
  return drafts
    .sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind))
    .map((draft) => finding(draft, draft.severity === 'info' ? '' : works));
}

function farSide({ subject }: Draft): readonly string[] {
  return subject.type === 'sides' ? subject.sides[1].nodes : [];
}

/** The dead endpoints that a service may still send connections to. */
function deadEndpoints({ nodes }: Evidence, unreached: readonly Draft[]): DeadEndpoints {
  const sides = unreached.flatMap(({ subject }) =>
    subject.type === 'sides' ? [subject.sides] : [],
  );
  // Each side loses the other: the larger one is the worse loss.
  const far = Math.max(0, ...sides.flat().map((side) => side.nodes.length));
  const causes = new Set(unreached.map(({ cause }) => cause));
  const single = unreached.length - sides.length;
  return { share: (far + single) / Math.max(1, nodes.size), causes };
}

/** Whether a finding about a node, or its path to or from here, already says why it is silent. */
function isSubject(drafts: readonly Draft[], node: string, here: string): boolean {
  return drafts.some(({ subject }) => {
    if (subject.type === 'node') return subject.node === node || subject.node === here;
    if (subject.type !== 'path') return false;
    const { from, to } = subject;
    return (from === here && to === node) || (from === node && to === here);
  });
}
