import { Ring } from '../../src/neighbours/choose.ts';
import { verdict } from '../../src/verdict/verdict.ts';
import { quantile } from '../support/statistics.ts';
import { fleetReport } from './fleet-report.ts';

/** How long `verdict()` takes for so many nodes with ten neighbours each, one of them down: the median of five, in ms. */
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
const times = Array.from({ length: 5 }, () => {
  const start = performance.now();
  verdict(view);
  return performance.now() - start;
});
console.log(quantile(times, 0.5));
