import { certificateSentence, expiringCertificates } from '../verdict/certificates.ts';
import type { ClusterView } from '../verdict/report.ts';
import { firstOf, paragraph } from './layout.ts';

const MAX_CERTIFICATES = 20;

/** Certificates that expire soon or have expired, below a blank line; nothing if there are none. */
export function certificateLines(view: ClusterView): string[] {
  const lines = firstOf(expiringCertificates(view), MAX_CERTIFICATES, (certificate) =>
    paragraph(certificateSentence(certificate, view.now), 0, 2),
  );
  return lines.length === 0 ? [] : ['', 'CERTIFICATES', ...lines];
}
