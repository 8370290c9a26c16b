import type { Cluster } from '../cluster/cluster.ts';

/** The fields of `/cluster.json` that are used. */
type Judged = Readonly<{ findings?: readonly Readonly<{ severity: string; headline: string }>[] }>;

/**
 * What is wrong with the cluster, one sentence each, from `/cluster.json` of the first node that is
 * not broken. Rejects if it does not respond.
 */
export async function readVerdict(
  { nodes, faults }: Pick<Cluster, 'nodes' | 'faults'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const node = nodes.find(({ name }) => !faults.has(name)) ?? nodes[0];
  if (node === undefined) return [];
  return headlines((await node.get('/cluster.json', signal)).body);
}

/** One sentence for each finding in the body of `/cluster.json`. Throws if it is something else. */
export function headlines(body: string): readonly string[] {
  const { findings = [] } = JSON.parse(body) as Judged;
  return findings.filter(({ severity }) => severity !== 'info').map(({ headline }) => headline);
}
