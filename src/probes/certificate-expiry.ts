import type { X509Certificate } from 'node:crypto';
import { type CertificateExpiry, MAX_EXPIRY, MIN_EXPIRY } from '../model.ts';
import { sentWith } from './vouched-for.ts';

/**
 * When the certificate of a server and those that it sent with it expire; undefined where its own has no valid time, which
 * Node makes NaN or any other number of. Those of the others are passed over.
 */
export function expiryOf(certificate: X509Certificate): CertificateExpiry | undefined {
  const leaf = notAfter(certificate);
  if (!isValid(leaf)) return undefined;
  return { leaf, earliest: Math.min(leaf, ...sentWith(certificate).map(notAfter).filter(isValid)) };
}

function notAfter({ validToDate }: X509Certificate): number {
  return validToDate.getTime() / 1000;
}

function isValid(seconds: number): boolean {
  return seconds >= MIN_EXPIRY && seconds <= MAX_EXPIRY;
}
