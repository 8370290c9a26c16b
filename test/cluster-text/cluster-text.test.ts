import { expect, test } from 'vitest';
import { bodySteps, clusterText } from '../../src/cluster-text/cluster-text.ts';
import type { Cause } from '../../src/model.ts';
import type { ClusterView } from '../../src/verdict/report.ts';
import { verdict } from '../../src/verdict/verdict.ts';
import { withCertificates } from '../verdict/certificates.ts';
import { crowdedView, readsOf } from '../verdict/crowded.ts';
import { NOW, smallView } from '../verdict/small-view.ts';
import { BROKEN } from './broken.ts';

const RUNBOOKS = 'https://example.com/kubenurse/docs/runbooks/';

function textOf(view: ClusterView): string {
  return clusterText({ view, findings: verdict(view) }, RUNBOOKS);
}

/** Lines that are too long for a terminal, or contain unprintable characters. */
function badLines(text: string): string[] {
  return text.split('\n').filter((line) => line.length > 80 || /\p{C}/u.test(line));
}

test.each(Object.entries(BROKEN))('a finding of kind %s has its text', async (kind, broken) => {
  const view = smallView(broken);
  const text = textOf(view);
  expect(verdict(view).map((finding) => finding.kind)).toContain(kind);
  expect(badLines(text)).toEqual([]);
  await expect(text).toMatchFileSnapshot(`texts/${kind}.txt`);
});

test('a healthy cluster has its text', async () => {
  const text = textOf(smallView({}));
  expect(badLines(text)).toEqual([]);
  await expect(text).toMatchFileSnapshot('texts/ok.txt');
});

test('certificates that expire soon follow the checks', () => {
  const text = textOf(withCertificates(smallView({}), { 'node-1': { me_ingress: NOW + 100_000 } }));
  expect(text).toContain(
    '\n\nCERTIFICATES\nme_ingress: the certificate expires in 1 d 3 h, at 2026-11-29 15:46 UTC (1\n  node).\n\n',
  );
});

test('a pod that does not follow its neighbours reports that', () => {
  const view = smallView({ nodes: { 'node-1': '' } });
  const reports = view.reports.map((report) => ({
    ...report,
    neighbourhood: { state: 'skipped', listedAt: null },
  }));
  expect(textOf({ ...view, reports, podListAt: null })).toContain(
    '\nNeighbours are not checked (KUBENURSE_CHECK_NEIGHBOURHOOD=false)',
  );
});

test('a large cluster, long names and hostile texts fit the terminal', () => {
  const long = (index: number) => `${'n'.repeat(240)}-${index}`;
  const nodeNames = Array.from({ length: 40 }, (_, i) => long(i));
  const nodes = Object.fromEntries(nodeNames.map((name) => [name, 'z'.repeat(63)]));
  const view = smallView({
    nodes,
    collector: long(0),
    failing: {
      ...Object.fromEntries(nodeNames.map((name, i) => [`${name} → ${long(i + 1)}`, 'mtu'])),
      ...Object.fromEntries(nodeNames.map((name, i) => [`${name} → ${long(i + 2)}`, 'tls'])),
      '* me_ingress': 'status',
      [`* → ${long(3)}`]: 'unreachable',
      [`* → ${long(4)}`]: 'hung',
    },
    silent: { [long(5)]: 'unreachable' },
    podListError: '\u001b[2J\u202e'.repeat(50),
    cordoned: [long(6)],
  });
  const reports = view.reports.map((report) => ({
    ...report,
    checks: report.checks.map((check) => ({
      ...check,
      text: check.text && `\u001b]0;${'😀'.repeat(90)}\n${'x'.repeat(90)}`,
    })),
  }));
  const text = textOf({ ...view, reports });
  expect(badLines(text)).toEqual([]);
  expect(text).toMatch(/\nand \d+ more\n/);
  expect(text.length).toBeLessThan(100_000);
});

/** The failing paths in the text of a cluster of twelve nodes. */
function failingPaths(failing: Readonly<Record<string, Cause>>): string {
  const nodes = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`node-${i + 1}`, '']));
  return /FAILING PATHS\n([\s\S]*?)\n\n/.exec(textOf(smallView({ nodes, failing })))?.[1] ?? '';
}

test('failing paths are grouped by their common node, node-2 before node-10', () => {
  const failing = {
    '* → node-10': 'refused',
    'node-2 → node-3': 'mtu',
    'node-2 → node-11': 'mtu',
    'node-2 → node-4': 'hung',
  } as const;
  expect(failingPaths(failing)).toBe(
    `node-2 -> node-3 and node-11
  mtu, since 11:59 UTC (1 min): the text of mtu
node-2 -> node-4
  hung, since 11:59 UTC (1 min): the text of hung
node-1, node-2, node-3, node-4, node-5, node-6, node-7, node-8, node-9, node-11
  and node-12 -> node-10
  refused, since 11:59 UTC (1 min): the text of refused`,
  );
});

test('paths that have failed only once are last', () => {
  const view = smallView({
    failing: { 'node-1 → node-2': 'refused', 'node-3 → node-1': 'refused' },
  });
  const reports = view.reports.map((report) => ({
    ...report,
    checks: report.checks.map((check) =>
      report.node === 'node-3' ? { ...check, since: NOW - 4, consecutive: 1 } : check,
    ),
  }));
  expect(textOf({ ...view, reports })).toContain(
    `node-1 -> node-2
  refused, since 11:59 UTC (1 min): the text of refused
node-3 -> node-1
  refused once, since 11:59 UTC (4 s): the text of refused`,
  );
});

test('of many paths that have failed only once, five are listed, and a check is reported as failed once', () => {
  const nodes = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`node-${i + 1}`, '']));
  const pairs = [1, 2, 3, 4, 5, 6, 7].map((n) => [`node-${n} → node-${n + 1}`, 'refused']);
  const failing = { ...Object.fromEntries(pairs), 'node-9 me_service': 'hung' };
  const text = textOf(smallView({ nodes, failing, consecutive: 1 }));
  expect(text.match(/refused once/g)).toHaveLength(5);
  expect(text).toContain('\nand 2 more\n');
  expect(text).toContain('\nme_service failed once on node-9: the text of hung\n');
});

test('of paths that began to fail at different times, the first and the last are shown', () => {
  const view = smallView({ failing: { '* → node-2': 'refused' } });
  const reports = view.reports.map((report) => ({
    ...report,
    checks: report.checks.map((check) =>
      report.node === 'node-3' && check.state === 'failing'
        ? { ...check, since: NOW - 3_600 }
        : check,
    ),
  }));
  expect(textOf({ ...view, reports })).toContain(
    'refused, since 11:00 UTC (1 h) to 11:59 UTC (1 min): the text of refused',
  );
});

test('the text of a large cluster is built in steps, each of which reads few checks', () => {
  const view = crowdedView();
  const findings = verdict(view);
  const reads = readsOf(view, (counted) => bodySteps({ view: counted, findings }, RUNBOOKS));
  expect(reads.all).toBeGreaterThan(3);
  // Looking for certificates reads each check once.
  expect(reads.most).toBeLessThan(1.5);
});
