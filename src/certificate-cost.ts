/**
 * Certificates that a server may send. It usually sends its own and up to four intermediates, or
 * seven with cross-signed ones.
 */
const MAX_CERTIFICATES = 10;

/**
 * Object identifiers of the fields of unnamed curves (X9.62; RFC 3279, section 2.3.5). OpenSSL
 * takes up to 0.5 s (measured) to decode such a key while it reads the certificate, and then
 * rejects it. Go supports none (RFC 5480 forbids them).
 */
const UNNAMED_CURVES = [Buffer.from('2a8648ce3d0101', 'hex'), Buffer.from('2a8648ce3d0102', 'hex')];

/**
 * Whether the certificates of a TLS message of type `certificate` are cheap to read (RFC 8446,
 * section 4.4.2; before TLS 1.3, RFC 5246, section 7.4.2). Those that cannot be parsed are, because
 * OpenSSL rejects them.
 */
export function isCheapToRead(message: Buffer, isTls13: boolean): boolean {
  if (UNNAMED_CURVES.some((field) => message.includes(field))) return false;
  // The list follows the message's type and length and its own length. TLS 1.3 adds a context,
  // empty here, before the list, and extensions after each certificate.
  let at = isTls13 ? 8 : 7;
  let count = 0;
  while (count <= MAX_CERTIFICATES && at + 3 <= message.length) {
    at += 3 + message.readUIntBE(at, 3);
    if (isTls13 && at + 2 <= message.length) at += 2 + message.readUInt16BE(at);
    count += 1;
  }
  return count <= MAX_CERTIFICATES;
}
