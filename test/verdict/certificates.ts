import type { ClusterView } from '../../src/verdict/report.ts';

/**
 * Adds certificates to the view: for each node, its checks by `type`, and the Unix time at which
 * the first certificate expires.
 */
export function withCertificates(
  view: ClusterView,
  notAfter: Readonly<Record<string, Readonly<Record<string, number>>>>,
): ClusterView {
  const reports = view.reports.map((report) => ({
    ...report,
    checks: report.checks.map((check) => {
      const earliest = notAfter[report.node]?.[check.type];
      if (earliest === undefined) return check;
      return { ...check, certificateNotAfter: { leaf: earliest + 1, earliest } };
    }),
  }));
  return { ...view, reports };
}
