import type { X509Certificate } from 'node:crypto';
import type { CertificateExpiry } from '../model.ts';
import { sentWith } from './vouched-for.ts';

/** When the certificate of a server and those that it sent with it expire. */
export function expiryOf(certificate: X509Certificate): CertificateExpiry {
  const leaf = notAfter(certificate);
  return { leaf, earliest: Math.min(leaf, ...sentWith(certificate).map(notAfter)) };
}

function notAfter({ validToDate }: X509Certificate): number {
  return validToDate.getTime() / 1000;
}
