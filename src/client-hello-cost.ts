/**
 * Maximum length of a ClientHello in bytes. With a post-quantum key share and a ticket it has some
 * 2,000. For one of 64 KB, OpenSSL keeps 4 MB until the connection ends, or takes 38 ms (measured:
 * names of authorities, key shares).
 */
const MAX_LENGTH = 4_096;

/**
 * Extensions for which OpenSSL keeps an object per entry until the connection ends, 170 KB for
 * 4,096 bytes (measured): OCSP responders (RFC 6066, section 8) and authorities (RFC 8446, section
 * 4.2.4). The server uses neither.
 */
const LISTS: ReadonlySet<number> = new Set([5, 47]);

/**
 * Maximum length of such an extension in bytes. Clients name no responder, which takes 5, and no
 * authority or their own.
 */
const MAX_LIST = 128;

/** Offset of a ClientHello's session ID length: after type, length, version and random value. */
export const SESSION_LENGTH_AT = 4 + 2 + 32;

/**
 * Whether a ClientHello, a TLS message with its header, is cheap to read and to keep (RFC 8446,
 * section 4.1.2; RFC 5246, section 7.4.1.2). One that cannot be parsed is, because OpenSSL rejects
 * it.
 */
export function isCheapHello(hello: Buffer): boolean {
  if (hello.length > MAX_LENGTH) return false;
  let at = SESSION_LENGTH_AT;
  // Skips session ID, ciphers and compression, each after a length of this many bytes.
  for (const size of [1, 2, 1]) {
    at += size + (at + size <= hello.length ? hello.readUIntBE(at, size) : 0);
  }
  // Skips the length of all extensions.
  at += 2;
  while (at + 4 <= hello.length) {
    const length = hello.readUInt16BE(at + 2);
    if (LISTS.has(hello.readUInt16BE(at)) && length > MAX_LIST) return false;
    at += 4 + length;
  }
  return true;
}
