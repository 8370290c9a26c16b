import { constants, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { DEFAULT_CIPHERS } from 'node:tls';
import { MAX_CERTIFICATES_BYTES } from './certificate-limits.ts';
import { printable } from './printable.ts';

/** Maximum characters shown of a certificate's names. */
const MAX_NAMES = 200;

/**
 * Options of every TLS client of kubenurse, as in Go: a trust store may hold the issuing
 * intermediate without its root, and the name must be a subject alternative name. No finite-field
 * Diffie-Hellman in TLS 1.2: with a group of 10,000 bits, a server costs its client a second of
 * CPU, in one turn of the event loop. In TLS 1.3, groups have at most 3,072 bits here. No
 * renegotiation: a server could start one handshake after another.
 */
export const TLS_CLIENT = {
  allowPartialTrustChain: true,
  checkServerIdentity,
  ciphers: `${DEFAULT_CIPHERS}:!kDHE`,
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
} as const;

/**
 * Checks whether the certificate is valid for the host, as Go's `x509.VerifyHostname` does; returns
 * an error with the reason if not. Unlike in Node's own function, the common name never counts, and
 * a wildcard only as the whole first label.
 */
export function checkServerIdentity(
  host: string,
  shown: Readonly<{ raw: Buffer }>,
): Error | undefined {
  const certificate = shown instanceof X509Certificate ? shown : new X509Certificate(shown.raw);
  const name = host.replace(/\.$/, '');
  const isValid = isIP(name) === 0 ? isForName(certificate, name) : certificate.checkIP(name);
  if (isValid) return undefined;
  const names = certificate.subjectAltName;
  const why =
    names === undefined
      ? 'valid for no name: it has no subject alternative name, and the common name is ignored'
      : `valid for ${printable(names, MAX_NAMES)}`;
  // The code that Node's own function sets.
  return Object.assign(new Error(`the certificate is ${why}, not for ${name}`), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
}

function isForName(certificate: X509Certificate, name: string): boolean {
  // For OpenSSL, a name that begins with a dot matches any of its subdomains.
  if (name.startsWith('.')) return false;
  // Without OpenSSL's wildcards, which differ from Go's: `*.example` is one only in Go.
  const has = (name: string) =>
    certificate.checkHost(name, { subject: 'never', wildcards: false }) !== undefined;
  const dot = name.indexOf('.');
  return has(name) || (dot > 0 && has(`*${name.slice(dot)}`));
}

const UNKNOWN_AUTHORITY = 'the certificate is signed by an unknown authority';

/** Texts by OpenSSL's error code. Node's own texts mention Node flags. */
const UNTRUSTED: Readonly<Record<string, string>> = {
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
};

/** Texts for a server that exceeds a limit, by OpenSSL's reason, a field of its error messages. */
const EXCESSIVE: Readonly<Record<string, string>> = {
  'excessive message size': `the server sent too long a message: its certificates, or the authorities that it names for a client's, may have ${MAX_CERTIFICATES_BYTES} bytes (excessive message size)`,
  'length mismatch':
    'the server sent certificates that cannot be read, more than 10, or some with a curve that has no name (length mismatch)',
  uninitialized:
    'the server sent too many TLS records without data, or requests for another handshake (uninitialized)',
};

/**
 * Describes why a server's certificate is not trusted, with `remedy`, the setting that would fix
 * it, or which TLS limit the server exceeds. `undefined` if neither the error nor what caused it is
 * about that.
 */
export function untrusted(error: unknown, remedy: string): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code = '', message } = at as NodeJS.ErrnoException;
    const words = UNTRUSTED[code];
    if (words !== undefined) return `${words}; ${remedy}`;
    const reason = Object.keys(EXCESSIVE).find((it) => message.includes(`:${it}:`));
    if (reason !== undefined) return EXCESSIVE[reason];
  }
  return undefined;
}
