import type { Finding } from '../verdict/finding.ts';
import type { ClusterView } from '../verdict/report.ts';

/**
 * The reports of all pods, as collected by one of them, and the findings from them. `view.now` is
 * when the collection began: no report is older. A report has `lastHour` of its checks only if
 * memory allows.
 */
export type Cluster = Readonly<{ view: ClusterView; findings: readonly Finding[] }>;

/**
 * Collects the reports of all pods, or returns a collection that is at most a few seconds old, the
 * same object for all callers in that time. Never rejects.
 */
export type Collect = () => Promise<Cluster>;

/**
 * Whether the collecting pod knows other pods; with KUBENURSE_CHECK_NEIGHBOURHOOD=false the view is
 * of itself only.
 */
export function followsNeighbours({ collector, reports }: ClusterView): boolean {
  const own = reports.find(({ pod }) => pod === collector.pod);
  return own?.neighbourhood.state !== 'skipped';
}
