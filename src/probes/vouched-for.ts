import type { X509Certificate } from 'node:crypto';

/** How many certificates of a server's chain are read; real ones have up to four. */
const MAX_CHAIN = 10;

/**
 * Whether a chain of signatures leads from a server's certificate, through those that it sent, to
 * one of `authorities`. This alone does not verify a server: OpenSSL checks name, purpose, and
 * overall trust in the handshake. It narrows down which authority trusted there may have vouched.
 */
export function isSignedBy(
  server: X509Certificate,
  authorities: readonly X509Certificate[],
): boolean {
  if (authorities.some(({ fingerprint256 }) => fingerprint256 === server.fingerprint256)) {
    return true;
  }
  const unvisited = new Set(sentWith(server));
  const reached = [server];
  for (const certificate of reached) {
    if (authorities.some((authority) => hasSigned(authority, certificate))) return true;
    for (const issuer of unvisited) {
      if (!issuer.ca || !hasSigned(issuer, certificate)) continue;
      unvisited.delete(issuer);
      reached.push(issuer);
    }
  }
  return false;
}

/** The certificates that a server sent with its own: its issuer first. */
export function sentWith(server: X509Certificate): X509Certificate[] {
  const sent: X509Certificate[] = [];
  let next = server.issuerCertificate;
  while (next !== undefined && sent.length < MAX_CHAIN) {
    sent.push(next);
    next = next.issuerCertificate;
  }
  return sent;
}

function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  const now = Date.now();
  return (
    issuer.validFromDate.getTime() <= now &&
    now <= issuer.validToDate.getTime() &&
    certificate.checkIssued(issuer) &&
    certificate.verify(issuer.publicKey)
  );
}
