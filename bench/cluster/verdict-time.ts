import { Ring } from '../../src/neighbours/choose.ts';
import { documentOf, partsSteps } from '../../src/pages/cluster-page/layout.ts';
import { finish } from '../../src/verdict/steps.ts';
import { verdict } from '../../src/verdict/verdict.ts';
import { quantile } from '../support/statistics.ts';
import { fleetReport } from './fleet-report.ts';

/**
 * Prints how many milliseconds the verdict and the browser page take for the given number of nodes
 * with ten neighbours each, one of them down: the first time in this process, and the median of the
 * next five.
 */
const [count = '1000'] = process.argv.slice(2);
const nodes = Array.from({ length: Number(count) }, (_, i) => `node-${i}`);
const ring = new Ring();
const now = Date.now() / 1000;
const [down = '', ...up] = nodes;
const pod = (node: string) => ({ node, pod: `pod-${node}`, zone: '' });
const view = {
  now,
  collector: { node: up[0] ?? '', pod: `pod-${up[0]}` },
  expected: nodes.map(pod),
  podListAt: now,
  podListError: null,
  cordoned: [],
  reports: up.map((node) =>
    fleetReport(
      { node, name: `pod-${node}`, address: '' },
      ring.choose(node, nodes, 10),
      down,
      now,
    ),
  ),
  silent: [{ node: down, pod: `pod-${down}`, cause: 'refused', text: '' } as const],
};
const [first, ...next] = Array.from({ length: 6 }, () => {
  const start = performance.now();
  const findings = verdict(view);
  const judged = performance.now();
  documentOf(finish(partsSteps({ view, findings }, '')), { now });
  return { verdict: judged - start, page: performance.now() - judged };
});
const median = (name: 'verdict' | 'page') =>
  quantile(
    next.map((each) => each[name]),
    0.5,
  );
console.log(JSON.stringify({ first, next: { verdict: median('verdict'), page: median('page') } }));
