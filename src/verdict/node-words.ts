import type { Cause } from '../model.ts';
import type { Evidence } from './evidence.ts';
import type { Finding } from './finding.ts';
import { count, failure, outOf } from './words.ts';

type Words = Pick<Finding, 'headline' | 'details'>;

/** Describes an unreachable node, by cause. `failing` of `witnesses` cannot reach it. */
export function nobodyReaches(
  evidence: Evidence,
  node: string,
  cause: Cause | null,
  failing: number,
  witnesses: number,
): Words {
  const evidenceText = `${outOf(failing, witnesses, 'pod')} that check it cannot reach it.`;
  const cordoned = evidence.cordoned.has(node) ? ['The node is cordoned.'] : [];
  return {
    headline: headline(evidence, node, cause),
    details: [evidenceText, ...meaning(evidence, node, cause), ...cordoned],
  };
}

function headline(evidence: Evidence, node: string, cause: Cause | null): string {
  const reports = evidence.reports.has(node);
  switch (cause) {
    case 'refused':
      return reports
        ? `No other node reaches ${node}, though it runs: connections to it are refused.`
        : `kubenurse on ${node} does not run: the node is up and refuses connections.`;
    case 'hung':
    case 'reset':
      return reports
        ? `No other node reaches ${node}, though it runs: it accepts connections but does not respond.`
        : `kubenurse on ${node} accepts connections but does not respond.`;
    case 'mtu':
      return `Large packets to and from ${node} are lost; small ones arrive.`;
    case 'packets_lost':
      return `Packets to and from ${node} are lost.`;
    case 'tls':
    case 'status':
      return `kubenurse on ${node} responds, but not as it should: ${failure(cause)}.`;
    default:
      return reports
        ? `No other node reaches ${node}, though it runs: connections to it are dropped.`
        : `${node} is unreachable: nothing responds.`;
  }
}

function meaning(evidence: Evidence, node: string, cause: Cause | null): string[] {
  if (evidence.reports.has(node)) {
    const reached = (evidence.from.get(node) ?? []).filter(({ up, check }) => up && check).length;
    return reached > 0 ? [`It reaches ${count(reached, 'other node')} itself.`] : [];
  }
  if (cause === 'unreachable') return ['The node is down, or its network is.'];
  if (cause === 'hung') return ['The program or the node hangs: look at its memory, CPU and disk.'];
  return [];
}

/** Describes a node that reaches no other. */
export function reachesNobody(
  { components }: Evidence,
  node: string,
  cause: Cause | null,
  failing: number,
): Words {
  const works = [...components].filter(([, observations]) =>
    observations.some((each) => each.node === node && each.up === true),
  );
  const types = works.map(([type]) => type).join(', ');
  const what =
    cause === 'mtu' ? 'exchanges large packets with no other node' : 'reaches no other node';
  return {
    headline: `${node} ${what}.`,
    details: [
      `All its checks of ${count(failing, 'other node')} fail: ${failure(cause)}.`,
      types === ''
        ? 'Nothing else can be reached from it either.'
        : `Other checks from it succeed (${types}): only the pod network is affected.`,
    ],
  };
}
