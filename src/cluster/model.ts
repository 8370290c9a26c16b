import type { Finding } from '../verdict/finding.ts';
import type { ClusterView } from '../verdict/report.ts';

/**
 * The reports of all pods, as one of them has collected them, and what is wrong by them. `view.now` is the time at which
 * the collection began: no report is older. A report has `lastHour` of its checks only where memory allows.
 */
export type Cluster = Readonly<{ view: ClusterView; findings: readonly Finding[] }>;

/**
 * Collects the reports of all pods, or returns a collection that is at most a few seconds old: the same object for all
 * who call meanwhile. Never rejects.
 */
export type Collect = () => Promise<Cluster>;

/** Whether the pod that collects knows other pods; with KUBENURSE_CHECK_NEIGHBOURHOOD=false the view is of itself only. */
export function followsNeighbours({ collector, reports }: ClusterView): boolean {
  const own = reports.find(({ pod }) => pod === collector.pod);
  return own?.neighbourhood.state !== 'skipped';
}
