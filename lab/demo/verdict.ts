import type { Cluster } from '../cluster/cluster.ts';

/** What is used of `/cluster.json`. */
type Judged = Readonly<{ findings?: readonly Readonly<{ severity: string; headline: string }>[] }>;

/**
 * What is wrong with the cluster, one sentence each, by `/cluster.json` of the first node that nothing was broken on. Rejects
 * if it does not respond.
 */
export async function readVerdict(
  { nodes, faults }: Pick<Cluster, 'nodes' | 'faults'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const node = nodes.find(({ name }) => !faults.has(name)) ?? nodes[0];
  if (node === undefined) return [];
  const { findings = [] } = JSON.parse((await node.get('/cluster.json', signal)).body) as Judged;
  return findings.filter(({ severity }) => severity !== 'info').map(({ headline }) => headline);
}
