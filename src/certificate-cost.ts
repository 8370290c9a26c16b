/** Certificates that a server may send: its own and four intermediates or fewer are usual, with cross-signed ones seven. */
const MAX_CERTIFICATES = 10;

/**
 * Object identifiers of the fields of curves that have no name (X9.62; RFC 3279, section 2.3.5). OpenSSL decodes such a key as it
 * reads the certificate, for up to 0.5 s (measured), and then refuses it; Go knows none (RFC 5480 forbids them).
 */
const UNNAMED_CURVES = [Buffer.from('2a8648ce3d0101', 'hex'), Buffer.from('2a8648ce3d0102', 'hex')];

/**
 * Whether it is cheap to read the certificates of a TLS message, type `certificate` (RFC 8446, section 4.4.2; before TLS 1.3, RFC
 * 5246, section 7.4.2). What cannot be parsed is: OpenSSL refuses it.
 */
export function isCheapToRead(message: Buffer, isTls13: boolean): boolean {
  if (UNNAMED_CURVES.some((field) => message.includes(field))) return false;
  // After the type, the length, and the length of the list; TLS 1.3 has a context, empty here, before and extensions behind each.
  let at = isTls13 ? 8 : 7;
  let count = 0;
  while (count <= MAX_CERTIFICATES && at + 3 <= message.length) {
    at += 3 + message.readUIntBE(at, 3);
    if (isTls13 && at + 2 <= message.length) at += 2 + message.readUInt16BE(at);
    count += 1;
  }
  return count <= MAX_CERTIFICATES;
}
