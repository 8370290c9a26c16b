import type { CheckReport, ClusterView } from '../../src/verdict/report.ts';
import type { Steps } from '../../src/verdict/steps.ts';
import { smallView } from './small-view.ts';

const NODES = 150;
const NAME_SERVERS = 40;

/**
 * A view of many nodes in three zones that all check each other and many name servers, and report
 * that every check fails.
 */
export function crowdedView(): ClusterView {
  const nodes = Object.fromEntries(
    Array.from({ length: NODES }, (_, i) => [`node-${i + 1}`, `zone-${i % 3}`]),
  );
  const nameServers = Array.from({ length: NAME_SERVERS }, (_, i) => `10.0.0.${i + 1}`);
  const view = smallView({ nodes, nameServers });
  return changeChecks(view, (check) => ({
    ...check,
    state: 'failing',
    consecutive: 9,
    cause: check.kind === 'name_server' ? 'dns' : 'refused',
    text: `refused: ${check.type}`,
  }));
}

/**
 * How often the steps have read a field of a check, per check; `most`: in the step that read most;
 * `steps`: their number.
 */
export function readsOf(view: ClusterView, stepsOf: (view: ClusterView) => Steps<unknown>) {
  let reads = 0;
  const counted = changeChecks(
    view,
    (check) =>
      new Proxy(check, {
        get(target, field) {
          reads += 1;
          return Reflect.get(target, field);
        },
      }),
  );
  const steps = stepsOf(counted);
  const checks = view.reports.reduce((sum, report) => sum + report.checks.length, 0);
  let [most, before, count] = [0, 0, 0];
  for (let isDone = false; !isDone; before = reads) {
    isDone = steps.next().done === true;
    count += 1;
    most = Math.max(most, reads - before);
  }
  return { all: reads / checks, most: most / checks, steps: count };
}

function changeChecks(view: ClusterView, change: (check: CheckReport) => CheckReport): ClusterView {
  const reports = view.reports.map((report) => ({
    ...report,
    checks: report.checks.map(change),
  }));
  return { ...view, reports };
}
