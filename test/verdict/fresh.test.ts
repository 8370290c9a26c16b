import { expect, test } from 'vitest';
import type { Cause } from '../../src/model.ts';
import type { ClusterView } from '../../src/verdict/report.ts';
import { verdict } from '../../src/verdict/verdict.ts';
import { FIVE, NOW, smallView } from './small-view.ts';

/** Seconds since the last result of a check, by its node and type. */
type Ages = Readonly<Record<string, number>>;

/**
 * The view, with checks that began to fail `failingFor` seconds ago, and with these ages of the
 * last results of others.
 */
function aged(view: ClusterView, consecutive: number, failingFor: number, ages: Ages): ClusterView {
  const reports = view.reports.map((report) => ({
    ...report,
    checks: report.checks.map((check) => {
      const age = ages[`${report.node} ${check.type}`] ?? 1;
      if (check.state === 'ok') return { ...check, lastAt: NOW - age };
      return { ...check, since: NOW - failingFor, lastAt: NOW - age, consecutive };
    }),
  }));
  return { ...view, reports };
}

/**
 * Five nodes, three of which have failed twice, the second time just now; the last success of the
 * others is `age` seconds old.
 */
function headlines(type: string, cause: Cause, age: number): string[] {
  const failing = Object.fromEntries([1, 2, 3].map((n) => [`node-${n} ${type}`, cause]));
  const view = smallView({ nodes: FIVE, failing });
  const ages = { [`node-4 ${type}`]: age, [`node-5 ${type}`]: age };
  return verdict(aged(view, 2, 6, ages)).map(({ headline }) => headline);
}

test.each([
  ['api_server_direct', 'unreachable', 'The API server fails in zone a: nothing responds.'],
  ['me_ingress', 'hung', /^The ingress fails in zone a: /],
  ['me_service', 'refused', /^The service fails in zone a: /],
] as const)(
  '%s: a success from before the failure elsewhere is no evidence that it works there',
  (type, cause, headline) => {
    expect(headlines(type, cause, 10)).toEqual([]);
    expect(headlines(type, cause, 3)).toEqual([expect.stringMatching(headline)]);
  },
);

test('DNS is not reported to fail on one node while look-ups of the others are in progress', () => {
  const failing = {
    'node-1 api_server_dns': 'dns',
    'node-1 me_service': 'dns',
    'node-1 me_ingress': 'dns',
  } as const;
  const view = smallView({ nodes: FIVE, failing });
  const named = ['api_server_dns', 'me_service', 'me_ingress'];
  const ages = (age: number) =>
    Object.fromEntries(
      [2, 3, 4, 5].flatMap((n) => named.map((type) => [`node-${n} ${type}`, age])),
    );
  expect(verdict(aged(view, 3, 11, ages(12)))).toEqual([]);
  expect(verdict(aged(view, 3, 11, ages(4))).map(({ headline }) => headline)).toEqual([
    'DNS fails on node-1: the name cannot be resolved.',
  ]);
});

test('a service of which only the name failed, twice, is not accused before the next look-up of another name', () => {
  const view = smallView({ failing: { '* me_service': 'dns', '* me_ingress': 'dns' } });
  const ages = (age: number) =>
    Object.fromEntries([1, 2, 3].map((n) => [`node-${n} api_server_dns`, age]));
  expect(verdict(aged(view, 2, 6, ages(9)))).toEqual([]);
  const kinds = verdict(aged(view, 2, 6, ages(1))).map(({ kind }) => kind);
  expect(kinds).toContain('service');
});

test('an ingress that responds with an error status is not accused before its service has been checked', () => {
  const view = smallView({ failing: { '* me_ingress': 'status' } });
  const ages = (age: number) =>
    Object.fromEntries([1, 2, 3].map((n) => [`node-${n} me_service`, age]));
  expect(verdict(aged(view, 2, 6, ages(9)))).toEqual([]);
  expect(verdict(aged(view, 2, 6, ages(1))).map(({ kind }) => kind)).toEqual(['ingress']);
});

test('UDP to a node is not accused before the node has been checked over TCP', () => {
  const view = smallView({ udp: { '* ⇢ node-3': 'unreachable' } });
  const ages = (age: number) => ({ 'node-1 path_node-3': age, 'node-2 path_node-3': age });
  expect(verdict(aged(view, 2, 6, ages(9)))).toEqual([]);
  expect(verdict(aged(view, 2, 6, ages(1))).map(({ kind }) => kind)).toEqual(['extra']);
});
