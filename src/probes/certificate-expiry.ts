import type { X509Certificate } from 'node:crypto';
import type { CertificateExpiry } from '../model.ts';
import { sentWith } from './vouched-for.ts';

/**
 * What OpenSSL prints for an invalid time (`ASN1_TIME_print`). Node turns one into an arbitrary
 * date, such as one in 1899.
 */
const BAD_TIME = 'Bad time value';

/**
 * When a server's certificate and those sent with it expire; undefined if its own has no valid
 * time. Others without a valid time are ignored.
 */
export function expiryOf(certificate: X509Certificate): CertificateExpiry | undefined {
  if (!hasTime(certificate)) return undefined;
  const leaf = notAfter(certificate);
  const others = sentWith(certificate).filter(hasTime).map(notAfter);
  return { leaf, earliest: Math.min(leaf, ...others) };
}

function hasTime({ validTo }: X509Certificate): boolean {
  return validTo !== BAD_TIME;
}

function notAfter({ validToDate }: X509Certificate): number {
  return validToDate.getTime() / 1000;
}
