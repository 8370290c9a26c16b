import { expect, test } from 'vitest';
import type { CheckReport, ClusterView } from '../../src/verdict/report.ts';
import { verdict } from '../../src/verdict/verdict.ts';
import { simulatedCluster } from './simulator/cluster.ts';
import type { Broken } from './simulator/faults.ts';
import { look } from './simulator/look.ts';

const CLUSTER = simulatedCluster(50, 1);
const NODE = 'node-7';

/** Nodes that do not always check this one. */
const far = CLUSTER.nodes
  .map(({ name }) => name)
  .filter((name) => name !== NODE && !CLUSTER.neighbours.get(name)?.includes(NODE));

const FAILING: Partial<CheckReport> = {
  state: 'failing',
  consecutive: 12,
  cause: 'unreachable',
};

/** The cluster, with these suspects (`[from, to]`) in the reports. */
function viewOf(
  faults: readonly Broken[],
  pairs: readonly (readonly [string, string])[],
  state: Partial<CheckReport> = FAILING,
): ClusterView {
  const view = look({ seed: 1, cluster: CLUSTER, faults, collector: 'node-1' });
  const reports = view.reports.map((report) => {
    const fixed = report.checks.filter(({ suspect }) => !suspect);
    const [like] = fixed.filter(({ kind, state }) => kind === 'path' && state === 'ok');
    const own = pairs.filter(([from]) => from === report.node);
    const suspects = own.flatMap(([, to]): CheckReport[] =>
      like ? [{ ...like, ...state, type: `path_${to}`, node: to, suspect: true }] : [],
    );
    return { ...report, checks: [...fixed, ...suspects] };
  });
  return { ...view, reports };
}

const found = (view: ClusterView) =>
  verdict(view).map(({ kind, severity, headline }) => `${severity} ${kind}: ${headline}`);

test('A node that all of its fixed neighbours reach is not unreachable, whoever else does not', () => {
  const pairs = far.slice(0, 30).map((from) => [from, NODE] as const);
  expect(found(viewOf([], pairs))).toEqual([
    `critical unclear: 30 nodes do not reach ${NODE}, and others do.`,
  ]);
});

test('A pod that reaches all of its fixed neighbours is not reported to reach nobody, whatever it suspects', () => {
  const others = CLUSTER.nodes
    .map(({ name }) => name)
    .filter((to) => to !== NODE && !CLUSTER.neighbours.get(NODE)?.includes(to));
  const pairs = (count: number) => others.slice(0, count).map((to) => [NODE, to] as const);
  expect(found(viewOf([], pairs(3)))).toEqual(
    others
      .slice(0, 3)
      .map((to) => `warning path: The path from ${NODE} to ${to} is broken: nothing responds.`),
  );
  expect(found(viewOf([], pairs(10)))).toEqual([
    `critical unclear: ${NODE} does not reach 10 nodes, and others do.`,
  ]);
});

const DEAD = { kind: 'gone', node: NODE, cause: 'unreachable', age: 300 } as const;
const [HERE, THERE] = [CLUSTER.nodes.slice(0, 25), CLUSTER.nodes.slice(25)].map(
  (side) => new Set(side.map(({ name }) => name)),
) as [Set<string>, Set<string>];

test.each<[string, Broken, (readonly [string, string])[]]>([
  ['a dead node', DEAD, far.map((from) => [from, NODE])],
  [
    'a split',
    { kind: 'split', sides: [HERE, THERE], bothWays: true, age: 300 },
    [...HERE].flatMap((from) => [...THERE].slice(0, 10).map((to) => [from, to] as const)),
  ],
])('Suspects change nothing in the verdict about %s', (_, fault, pairs) => {
  const without = verdict(viewOf([fault], []));
  expect(without.length).toBeGreaterThan(0);
  expect(verdict(viewOf([fault], pairs))).toEqual(without);
});

test('A suspect that works is no evidence, however slow it is and whatever it loses', () => {
  const lastMinute = {
    ...{ checks: 12, failures: 0, medianSeconds: 0.9, rttSeconds: 0.5 },
    ...{ segmentsSent: 84, segmentsRetransmitted: 40 },
  };
  const pairs = far.map((from) => [from, NODE] as const);
  expect(verdict(viewOf([], pairs, { lastMinute }))).toEqual([]);
});
