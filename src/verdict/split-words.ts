import type { Cause } from '../model.ts';
import type { Evidence } from './evidence.ts';
import type { Finding, Side } from './finding.ts';
import { count, failure, nodeNames, zoneNames } from './words.ts';
import { sideOf } from './zones.ts';

type Nodes = ReadonlySet<string>;

/** Describes who does not reach whom, by zones if they explain it. */
export function describeSplit(
  evidence: Evidence,
  here: Nodes,
  there: Nodes,
  bothWays: boolean,
  cause: Cause | null,
): Pick<Finding, 'subject' | 'headline' | 'details'> {
  const sides: [Side, Side] = [sideOf(evidence, here, there), sideOf(evidence, there, here)];
  const [a, b] = sides.map(sideName);
  const isSilent = [...there].every((node) => evidence.silent.has(node));
  const large = cause === 'mtu' ? ' for large packets' : '';
  const headline = bothWays
    ? `The network is split${large}: ${a} and ${b} do not reach each other.`
    : `The network is split one way${large}: ${a} cannot reach ${b}, but can be reached from there.`;
  return {
    subject: { type: 'sides', sides, bothWays },
    headline,
    details: [
      `Between them ${failure(cause)}.`,
      ...(isSilent ? [silence(evidence, here, there)] : []),
      ...sides.filter(({ zones }) => zones.length > 0).map(members),
    ],
  };
}

function silence(evidence: Evidence, here: Nodes, there: Nodes): string {
  const side = here.size < there.size ? 'the smaller side' : 'the larger side';
  return (
    `The pod that collected this, on ${evidence.view.collector.node}, is on ${side}; no reports come from the other, ` +
    'so the nodes there may as well be down: check from a node there.'
  );
}

function sideName({ nodes, zones }: Side): string {
  const size = count(nodes.length, 'node');
  return zones.length > 0 ? `${zoneNames(zones)} (${size})` : `${size} (${nodeNames(nodes)})`;
}

function members({ nodes, zones }: Side): string {
  return `${zoneNames(zones)}: ${nodeNames(nodes)}.`;
}
