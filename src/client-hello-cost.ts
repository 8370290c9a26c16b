/**
 * The longest ClientHello that is read, in bytes: with a post-quantum key share and a ticket it has some 2,000. Of one of 64 KB,
 * OpenSSL keeps 4 MB until the connection ends, or takes 38 ms (measured: names of authorities, key shares).
 */
const MAX_LENGTH = 4_096;

/**
 * The extensions of whose parts OpenSSL keeps an object each until the connection ends, 170 KB of 4,096 bytes (measured): responders
 * of OCSP (RFC 6066, section 8) and authorities (RFC 8446, section 4.2.4). The server uses neither.
 */
const LISTS: ReadonlySet<number> = new Set([5, 47]);

/** The longest such extension, in bytes: clients name no responder, which takes 5, and no authority, or their own. */
const MAX_LIST = 128;

/** Where a ClientHello says how long its session's identifier is: after type, length, version and random value. */
export const SESSION_LENGTH_AT = 4 + 2 + 32;

/**
 * Whether it costs little to read and to keep a ClientHello, a TLS message with its head (RFC 8446, section 4.1.2; RFC 5246, section
 * 7.4.1.2). What cannot be parsed does: OpenSSL refuses it.
 */
export function isCheapHello(hello: Buffer): boolean {
  if (hello.length > MAX_LENGTH) return false;
  let at = SESSION_LENGTH_AT;
  // Session, ciphers and compression: what is as long as this many bytes say.
  for (const size of [1, 2, 1]) {
    at += size + (at + size <= hello.length ? hello.readUIntBE(at, size) : 0);
  }
  // The length of all extensions.
  at += 2;
  while (at + 4 <= hello.length) {
    const length = hello.readUInt16BE(at + 2);
    if (LISTS.has(hello.readUInt16BE(at)) && length > MAX_LIST) return false;
    at += 4 + length;
  }
  return true;
}
