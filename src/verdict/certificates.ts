import type { CheckReport, ClusterView } from './report.ts';
import { clock, count, duration } from './words.ts';

const DAY = 86_400;

/**
 * Remaining lifetimes in seconds, as in the alerts KubenurseCertificateExpiresSoon and
 * KubenurseCertificateExpiresNow.
 */
const SOON = 14 * DAY;
const NOW = 3 * DAY;

/**
 * A certificate that expires within 14 days, or has expired. `name`: the check that receives it, or
 * the pods of kubenurse for their own, which neighbour checks receive. `notAfter`: Unix time of the
 * first expiry among those that the server sent. `nodes`: on how many the check receives one that
 * expires within 14 days.
 */
export type ExpiringCertificate = Readonly<{
  name: string;
  notAfter: number;
  nodes: number;
  isUrgent: boolean;
}>;

/**
 * Expiring certificates of all checks, earliest first. Not findings: nothing fails yet, and a
 * failure is a finding by its cause, `tls`.
 */
export function expiringCertificates({ reports, now }: ClusterView): ExpiringCertificate[] {
  const found = new Map<string, { notAfter: number; nodes: Set<string> }>();
  for (const { node, checks } of reports) {
    for (const check of checks) {
      const notAfter = check.certificateNotAfter?.earliest;
      if (notAfter === undefined || notAfter - now >= SOON) continue;
      const name = nameOf(check);
      const known = found.get(name) ?? { notAfter, nodes: new Set<string>() };
      known.notAfter = Math.min(known.notAfter, notAfter);
      known.nodes.add(node);
      found.set(name, known);
    }
  }
  return [...found]
    .map(([name, { notAfter, nodes }]) => ({
      name,
      notAfter,
      nodes: nodes.size,
      isUrgent: notAfter - now < NOW,
    }))
    .sort((a, b) => a.notAfter - b.notAfter);
}

function nameOf({ kind, type }: CheckReport): string {
  return kind === 'path' ? 'the pods of kubenurse' : type;
}

/** `me_ingress: the certificate expires in 5 d 4 h, at 2026-12-03 03:09 UTC (3 nodes).` */
export function certificateSentence(certificate: ExpiringCertificate, now: number): string {
  const { name, notAfter, nodes } = certificate;
  const seconds = notAfter - now;
  const when =
    seconds > 0 ? `expires in ${duration(seconds)}, at` : `expired ${duration(-seconds)} ago, at`;
  return `${name}: the certificate ${when} ${clock(notAfter, now)} (${count(nodes, 'node')}).`;
}
