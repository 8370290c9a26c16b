import { expect, test } from 'vitest';
import { documentOf, partsSteps } from '../../../src/pages/cluster-page/layout.ts';
import { finish } from '../../../src/verdict/steps.ts';
import { verdict } from '../../../src/verdict/verdict.ts';
import { crowdedView, readsOf } from '../../verdict/crowded.ts';
import { NOW, smallView } from '../../verdict/small-view.ts';

test('the page of a large cluster is rendered in steps, each of which reads few checks', () => {
  const view = crowdedView();
  const findings = verdict(view);
  const reads = readsOf(view, (counted) => partsSteps({ view: counted, findings }, ''));
  expect(reads.all).toBeGreaterThan(10);
  // Looking for certificates reads each check once.
  expect(reads.most).toBeLessThan(1.5);
});

test('the text of all squares of the matrix is limited, so that the page stays below 2 MB', () => {
  const nodes = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`node-${i + 1}`, '']));
  const view = smallView({ nodes });
  const reports = view.reports.map((report) => ({
    ...report,
    checks: report.checks.map((check) => ({
      ...check,
      state: 'failing' as const,
      consecutive: 9,
      cause: 'refused' as const,
      text: '&'.repeat(300),
    })),
  }));
  const parts = finish(partsSteps({ view: { ...view, reports }, findings: [] }, ''));
  const markup = documentOf(parts, { now: NOW });
  expect(markup.length).toBeLessThan(2_000_000);
  expect(markup.match(/<td class="fail" title="&amp;/g)?.length).toBeGreaterThan(600);
  expect(markup.match(/<td class="fail" title="refused">/g)?.length).toBeGreaterThan(9_000);
});
