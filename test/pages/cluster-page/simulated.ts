import type { CheckReport, ClusterView, Minute } from '../../../src/verdict/report.ts';
import { verdict } from '../../../src/verdict/verdict.ts';
import { simulatedCluster } from '../../verdict/simulator/cluster.ts';
import type { Broken } from '../../verdict/simulator/faults.ts';
import { look } from '../../verdict/simulator/look.ts';

const MINUTES = 60;
const CHECKS_A_MINUTE = 12;

/**
 * A simulated cluster as the collecting pod sees it, with the last hour of each check, and its
 * verdict.
 */
export function simulated(
  nodes: number,
  zones: number,
  faults: readonly Broken[],
  collector = 'node-1',
) {
  const cluster = simulatedCluster(nodes, zones);
  const view = withHours(look({ seed: 7, cluster, faults, collector }));
  return { view, findings: verdict(view) };
}

/**
 * Adds an hour in which each check failed for as long as it has been failing, and occasionally
 * before.
 */
export function withHours(view: ClusterView): ClusterView {
  let counter = 0;
  const reports = view.reports.map((report) => ({
    ...report,
    checks: report.checks.map((check) => ({
      ...check,
      lastHour: {
        start: Math.floor(report.reportedAt / 60) * 60 - (MINUTES - 1) * 60,
        minutes: Array.from({ length: MINUTES }, (_, index): Minute => {
          counter = (counter * 1_103_515_245 + 12_345) % 2_147_483_648;
          const chance = counter % 4_000 === 0 ? 1 : 0;
          const failures = Math.max(chance, failuresIn(check, report.reportedAt, index));
          return [CHECKS_A_MINUTE, failures, failures === CHECKS_A_MINUTE ? null : 0.002];
        }),
      },
    })),
  }));
  return { ...view, reports };
}

function failuresIn({ state, since }: CheckReport, now: number, minute: number): number {
  if (state !== 'failing' || since === null) return 0;
  const seconds = now - since - (MINUTES - 1 - minute) * 60;
  return Math.max(0, Math.min(CHECKS_A_MINUTE, Math.floor(seconds / 5)));
}

const NAME = `x<img src=x onerror=alert(1)>"'><script>alert(2)</script>\u202e`;

/**
 * A cluster whose names and texts try to be markup. The collector lets no such name through, and
 * neither must the page.
 */
export const hostile = {
  node: NAME,
  view(): ClusterView {
    const view = simulated(5, 2, [
      { kind: 'gone', node: 'node-2', cause: 'refused', age: 60 },
      { kind: 'extra', cause: 'tls', where: 'cluster', nodes: new Set(['node-3']), age: 60 },
    ]).view;
    const text = JSON.stringify(view)
      .replaceAll('"node-2"', JSON.stringify(NAME))
      .replaceAll('"path_node-2"', JSON.stringify(`path_${NAME}`))
      .replaceAll(/"(?:kubenurse-2|[ab]|shop|0\.1\.0)"/g, JSON.stringify(NAME))
      .replaceAll(/"text":"[^"]*"/g, `"text":${JSON.stringify(`</td></script>${NAME}`)}`);
    return JSON.parse(text);
  },
};
