import { createSecureContext, type SecureContext } from 'node:tls';
import { inspect } from 'node:util';
import { loadFfi } from './ffi.ts';

/**
 * What a server may send as its certificates, in bytes: as much as Java's clients accept by default
 * (`jdk.tls.maxHandshakeMessageSize`). One with 250 names has 10 KB, four with RSA keys of 4,096 bits 8 KB, and four with
 * ML-DSA-87, the longest keys and signatures of FIPS 204, 30 KB.
 */
export const MAX_CERTIFICATES_BYTES = 32 * 1024;

// Of OpenSSL's ssl.h.
const SSL_CTRL_GET_MAX_CERT_LIST = 50;
const SSL_CTRL_SET_MAX_CERT_LIST = 51;
const OPENSSL_DEFAULT = 102_400n;

/** Limits what servers may send as their certificates over connections with this context. */
export type LimitCertificates = (context: SecureContext) => void;

/**
 * Has OpenSSL refuse more than `MAX_CERTIFICATES_BYTES` before it reads them. It accepts 100 KB, in which thousands of names
 * or extensions take 22 ms of CPU, in one turn of the event loop (measured), and Node has no setting for it. Rejects where
 * OpenSSL's function cannot be called: no `node:ffi`, or another build of Node.
 */
export async function loadCertificateLimit(): Promise<LimitCertificates> {
  const { dlopen } = await loadFfi();
  const { functions } = dlopen(null, {
    SSL_CTX_ctrl: { arguments: ['u64', 'i32', 'i64', 'u64'], return: 'i64' },
  } as const);
  const control = (context: SecureContext, command: number, value: number) =>
    functions.SSL_CTX_ctrl(addressOf(context), command, BigInt(value), 0n);
  if (control(createSecureContext({ ca: [] }), SSL_CTRL_GET_MAX_CERT_LIST, 0) !== OPENSSL_DEFAULT) {
    throw new Error('unexpected limit of OpenSSL');
  }
  return (context) => void control(context, SSL_CTRL_SET_MAX_CERT_LIST, MAX_CERTIFICATES_BYTES);
}

/** Of OpenSSL's context (`SSL_CTX`), which Node holds as an External of V8: only `inspect()` tells its address. */
function addressOf({ context }: SecureContext): bigint {
  const [, address] = /^\[External: ([\da-f]+)\]$/.exec(inspect(context._external)) ?? [];
  return BigInt(`0x${address}`);
}
