import { SELDOM_MS, until } from '../support/until.ts';
import type { Cluster } from './cluster.ts';
import type { ClusterNode } from './node.ts';
import type { Scenario } from './scenario.ts';

/** A collection is kept for 5 s, and a fault needs several failed checks of up to 6 s each. */
const VERDICT_LIMIT_MS = 40_000;

/** What of a finding is looked at (`src/verdict/finding.ts`). */
type Found = Readonly<{
  kind: string;
  severity: string;
  subject: Readonly<{
    type: string;
    node?: string;
    scope?: Readonly<{ in: string; nodes?: readonly string[]; zones?: readonly string[] }>;
  }>;
}>;

/** These depend on how busy the machine is that the cluster runs on. */
const BUSY: ReadonlySet<string> = new Set(['slow', 'starved']);

/**
 * What is wrong by the verdict of this pod, `node_unreachable node-3` or `service cluster`; nothing yet if it was reached
 * before `begin` (Unix time). Rejects when the pod does not answer.
 */
async function verdictOf(node: ClusterNode, begin: number): Promise<string[]> {
  const { body } = await node.get('/cluster.json');
  const { findings, view }: { findings: readonly Found[]; view: { now: number } } =
    JSON.parse(body);
  if (view.now < begin) return [];
  return findings
    .filter(({ kind, severity }) => severity !== 'info' && !BUSY.has(kind))
    .map(({ kind, subject }) => `${kind} ${placeOf(subject)}`);
}

function placeOf({ type, node, scope }: Found['subject']): string {
  return node ?? (scope?.nodes ?? scope?.zones)?.join(',') ?? scope?.in ?? type;
}

/**
 * Resolves when the scenario's verdict, and no other, is what a healthy pod says and the broken one, where it runs.
 * Rejects when one of them says something else for too long.
 */
export async function showsVerdict(
  { nodes }: Pick<Cluster, 'nodes'>,
  { name, verdict, mute = [] }: Pick<Scenario<never>, 'name' | 'verdict' | 'mute'>,
): Promise<void> {
  if (verdict === undefined) return;
  const begin = Date.now() / 1000;
  const [healthy] = nodes;
  const broken = nodes.filter((node) => verdict.endsWith(` ${node.name}`));
  const collectors = [...(healthy ? [healthy] : []), ...broken];
  await Promise.all(
    collectors
      .filter((node) => !mute.includes(node.name))
      .map(async (node) => {
        let last: readonly string[] = [];
        const isShown = async () => {
          last = await verdictOf(node, begin);
          return last.length === 1 && last[0] === verdict;
        };
        await until(
          `${name} is ${verdict} by ${node.name}`,
          VERDICT_LIMIT_MS,
          isShown,
          SELDOM_MS,
        ).catch((error) => {
          throw new Error(`${error.message}, but ${JSON.stringify(last)}`, { cause: error });
        });
      }),
  );
}
