import type { X509Certificate } from 'node:crypto';
import type { CertificateExpiry } from '../model.ts';
import { sentWith } from './vouched-for.ts';

/** How OpenSSL writes a time that is none (`ASN1_TIME_print`); the date that Node makes of one is any, such as 1899. */
const BAD_TIME = 'Bad time value';

/** When the certificate of a server and those that it sent with it expire; undefined where its own has no valid time. Those of the others are passed over. */
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
