import { SELDOM_MS, until } from '../support/until.ts';
import type { Cluster } from './cluster.ts';
import type { ClusterNode } from './node.ts';
import type { Scenario, Verdict } from './scenario.ts';

/**
 * A collection is kept for 5 s and takes 2 s if pods are silent. With `until`'s patience, this is
 * less than the limit of a test, so that a wrong verdict is reported.
 */
const VERDICT_LIMIT_MS = 10_000;

/** The part of a finding that is used (`src/verdict/finding.ts`). */
type Found = Readonly<{ kind: string; severity: string; subject: Subject }>;

type Subject = Readonly<{
  type: string;
  node?: string;
  nodes?: readonly string[];
  scope?: Readonly<{ in: string; nodes?: readonly string[]; zones?: readonly string[] }>;
  sides?: readonly Readonly<{ nodes: readonly string[] }>[];
  bothWays?: boolean;
}>;

/** These depend on how busy the cluster's machine is. */
const BUSY: ReadonlySet<string> = new Set(['slow', 'starved']);

/**
 * Real packets are lost: those of the previous minute count as well, and so do those of the
 * previous fault.
 */
const BUSY_OR_LOSSY: ReadonlySet<string> = BUSY.union(new Set(['loss']));

/**
 * What is wrong according to this pod's verdict, sorted: `node_unreachable node-3 + service
 * cluster`, empty if nothing is. Findings about what cannot be seen, and those of the kinds in
 * `noise`, are omitted unless `expected` names their kind. Undefined if the verdict was reached
 * before `begin` (Unix time by the pod's clock). Rejects if the pod does not respond.
 */
async function verdictOf(
  node: ClusterNode,
  begin: number,
  expected: ReadonlySet<string>,
  noise: ReadonlySet<string>,
): Promise<string | undefined> {
  const { body } = await node.get('/cluster.json');
  const { findings, view }: { findings: readonly Found[]; view: { now: number } } =
    JSON.parse(body);
  if (view.now < begin) return undefined;
  return findings
    .filter(({ kind, severity }) => expected.has(kind) || !(severity === 'info' || noise.has(kind)))
    .map(({ kind, subject }) => `${kind} ${placeOf(subject)}`)
    .sort()
    .join(' + ');
}

/**
 * The Unix time by this pod's clock, which a scenario may change. Rejects if the pod does not
 * respond.
 */
async function clockOf(node: ClusterNode): Promise<number> {
  const { body } = await node.get('/report');
  return JSON.parse(body).reportedAt;
}

/** The kinds of finding that a verdict contains. */
function kindsOf(verdict: string): ReadonlySet<string> {
  return new Set(verdict.split(' + ').flatMap((each) => each.split(' ')[0]?.split('|') ?? []));
}

/**
 * Whether a verdict is the expected one, in which a kind can have alternatives:
 * `node_unreachable|loss node-3`.
 */
function isExpected(verdict: string, expected: string): boolean {
  const [found, wanted] = [verdict, expected].map((each) => each.split(' + '));
  return (
    found?.length === wanted?.length &&
    (found ?? []).every((each, i) => {
      const [kind = '', ...place] = each.split(' ');
      const [kinds, ...wantedPlace] = wanted?.[i]?.split(' ') ?? [];
      return kinds?.split('|').includes(kind) && place.join(' ') === wantedPlace.join(' ');
    })
  );
}

function placeOf({ type, node, nodes, scope, sides, bothWays }: Subject): string {
  if (sides) {
    return sides.map((side) => side.nodes.toSorted().join(',')).join(bothWays ? '<>' : '>');
  }
  return node ?? (nodes ?? scope?.nodes ?? scope?.zones)?.join(',') ?? scope?.in ?? type;
}

/**
 * Counts the scenarios, so that each has another witness: a pod keeps its last collection for 5 s.
 */
let scenarios = 0;

/**
 * Which nodes must have which verdict. If it is a string: one healthy witness, and the broken node
 * if it is among these.
 */
function expectedOf(
  nodes: readonly ClusterNode[],
  verdict: Verdict,
): readonly (readonly [ClusterNode, string])[] {
  if (typeof verdict !== 'string') {
    return nodes.flatMap((node) => {
      const own = verdict[node.name];
      return own === undefined ? [] : [[node, own] as const];
    });
  }
  const isBroken = ({ name }: ClusterNode) => verdict.endsWith(` ${name}`);
  const healthy = nodes.filter((node) => !isBroken(node));
  const witness = healthy[scenarios++ % healthy.length];
  return nodes
    .filter((node) => node === witness || isBroken(node))
    .map((node) => [node, verdict] as const);
}

/**
 * Resolves once a healthy pod and, if it runs, the broken one have the scenario's verdict and no
 * other. Rejects if one of them has another for too long.
 */
export async function showsVerdict(
  { nodes, parts }: Pick<Cluster, 'nodes' | 'parts'>,
  { name, verdict = '', mute = [] }: Pick<Scenario<never>, 'name' | 'verdict' | 'mute'>,
): Promise<void> {
  const noise = parts.kind === 'real' ? BUSY_OR_LOSSY : BUSY;
  const running = nodes.filter((node) => !mute.includes(node.name));
  await Promise.all(
    expectedOf(running, verdict).map(async ([node, expected]) => {
      const begin = await clockOf(node);
      const kinds = kindsOf(expected);
      let last: string | undefined;
      const isShown = async () => {
        last = await verdictOf(node, begin, kinds, noise);
        return last !== undefined && isExpected(last, expected);
      };
      const what = `${name} is "${expected}" by ${node.name}`;
      await until(what, VERDICT_LIMIT_MS, isShown, SELDOM_MS).catch((error) => {
        throw new Error(`${error.message}, but "${last}"`, { cause: error });
      });
    }),
  );
}
