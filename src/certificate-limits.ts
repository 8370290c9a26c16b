import { syncBuiltinESMExports } from 'node:module';
import tls, { type SecureContext } from 'node:tls';
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

/**
 * From now on, TLS clients of the process refuse more than `MAX_CERTIFICATES_BYTES` before OpenSSL reads them: of 100 KB, which it
 * accepts, thousands of names or extensions take up to 23 ms of CPU, in one turn of the event loop. And a verification ends at the
 * first error: Node has OpenSSL go on, so that a chain of no authority takes 75 ms for its signatures, or 11 s for its name
 * constraints (all measured). Node has no setting for either. Rejects where OpenSSL's functions cannot be called: no `node:ffi`, or
 * another build of Node.
 */
export async function limitCertificates(): Promise<void> {
  const limit = await loadLimit();
  const { createSecureContext } = tls;
  // By this function, Node makes every context that it is not given.
  tls.createSecureContext = (options) => {
    const context = createSecureContext(options);
    limit(context);
    return context;
  };
  syncBuiltinESMExports();
}

async function loadLimit(): Promise<(context: SecureContext) => void> {
  const { dlopen } = await loadFfi();
  // Not only its functions: it holds the callback, which must not be collected.
  const openssl = dlopen(null, {
    SSL_CTX_ctrl: { arguments: ['u64', 'i32', 'i64', 'u64'], return: 'i64' },
    SSL_CTX_set_cert_verify_callback: { arguments: ['u64', 'u64', 'u64'], return: 'void' },
    X509_STORE_CTX_new: { arguments: [], return: 'u64' },
    X509_STORE_CTX_init: { arguments: ['u64', 'u64', 'u64', 'u64'], return: 'i32' },
    X509_STORE_CTX_free: { arguments: ['u64'], return: 'void' },
    X509_STORE_CTX_get_verify_cb: { arguments: ['u64'], return: 'u64' },
    X509_STORE_CTX_set_verify_cb: { arguments: ['u64', 'u64'], return: 'void' },
    X509_verify_cert: { arguments: ['u64'], return: 'i32' },
  } as const);
  const { functions } = openssl;
  const control = (context: SecureContext, command: number, value: number) =>
    functions.SSL_CTX_ctrl(addressOf(context), command, BigInt(value), 0n);
  const other = tls.createSecureContext({ ca: [] });
  if (control(other, SSL_CTRL_GET_MAX_CERT_LIST, 0) !== OPENSSL_DEFAULT) {
    throw new Error('unexpected limit of OpenSSL');
  }

  // OpenSSL's own, by which an error ends a verification.
  const fresh = functions.X509_STORE_CTX_new();
  functions.X509_STORE_CTX_init(fresh, 0n, 0n, 0n);
  const endAtError = functions.X509_STORE_CTX_get_verify_cb(fresh);
  functions.X509_STORE_CTX_free(fresh);
  const verify = openssl.lib.registerCallback(
    { arguments: ['u64', 'u64'], return: 'i32' },
    (verification: bigint) => {
      // In place of Node's, by which none does.
      openssl.functions.X509_STORE_CTX_set_verify_cb(verification, endAtError);
      return openssl.functions.X509_verify_cert(verification);
    },
  );
  return (context) => {
    control(context, SSL_CTRL_SET_MAX_CERT_LIST, MAX_CERTIFICATES_BYTES);
    functions.SSL_CTX_set_cert_verify_callback(addressOf(context), verify, 0n);
  };
}

/** Of OpenSSL's context (`SSL_CTX`), which Node holds as an External of V8: only `inspect()` tells its address. */
function addressOf({ context }: SecureContext): bigint {
  const [, address] = /^\[External: ([\da-f]+)\]$/.exec(inspect(context._external)) ?? [];
  return BigInt(`0x${address}`);
}
