import { expect, test } from 'vitest';
import { clusterText } from '../../src/cluster-text/cluster-text.ts';
import type { ClusterView } from '../../src/verdict/report.ts';
import { verdict } from '../../src/verdict/verdict.ts';
import { withCertificates } from '../verdict/certificates.ts';
import { NOW, smallView } from '../verdict/small-view.ts';
import { BROKEN } from './broken.ts';

const RUNBOOKS = 'https://example.com/kubenurse/docs/runbooks/';

function textOf(view: ClusterView): string {
  return clusterText({ view, findings: verdict(view) }, RUNBOOKS);
}

/** Lines that are too long for a terminal, or have in them what is not printable. */
function badLines(text: string): string[] {
  return text.split('\n').filter((line) => line.length > 80 || /\p{C}/u.test(line));
}

test.each(Object.entries(BROKEN))('the text of a finding of kind %s', async (kind, broken) => {
  const view = smallView(broken);
  const text = textOf(view);
  expect(verdict(view).map((finding) => finding.kind)).toContain(kind);
  expect(badLines(text)).toEqual([]);
  await expect(text).toMatchFileSnapshot(`texts/${kind}.txt`);
});

test('the text of a cluster in which all is healthy', async () => {
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
  const nodes = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [long(i), 'z'.repeat(63)]));
  const view = smallView({
    nodes,
    collector: long(0),
    failing: {
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
