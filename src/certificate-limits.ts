import { createSecureContext } from 'node:tls';
import { addressOf, type OpenSsl, type Setting } from './openssl.ts';

/**
 * Maximum size of a server's certificates in bytes: what Java's clients accept by default
 * (`jdk.tls.maxHandshakeMessageSize`). One with 250 names has 10 KB, four with 4,096-bit RSA keys
 * have 8 KB, and four with ML-DSA-87, the longest keys and signatures of FIPS 204, 30 KB.
 */
export const MAX_CERTIFICATES_BYTES = 32 * 1024;

// From OpenSSL's ssl.h.
const SSL_CTRL_GET_MAX_CERT_LIST = 50;
const SSL_CTRL_SET_MAX_CERT_LIST = 51;
const OPENSSL_DEFAULT = 102_400n;

/**
 * Makes OpenSSL reject more than `MAX_CERTIFICATES_BYTES` before it reads them. In the 100 KB that
 * it accepts by default, thousands of names or extensions take up to 23 ms of CPU in one turn of
 * the event loop (measured). Throws if OpenSSL's limit cannot be read.
 */
export function limitLength({ functions }: OpenSsl): Setting {
  const control = (context: bigint, command: number, value: number) =>
    functions.SSL_CTX_ctrl(context, command, BigInt(value), 0n);
  const known = addressOf(createSecureContext({ ca: [] }));
  if (control(known, SSL_CTRL_GET_MAX_CERT_LIST, 0) !== OPENSSL_DEFAULT) {
    throw new Error('unexpected limit of OpenSSL');
  }
  return (context) => control(context, SSL_CTRL_SET_MAX_CERT_LIST, MAX_CERTIFICATES_BYTES);
}

/**
 * Makes OpenSSL end a verification at the first error. Node makes it continue, so that a chain
 * without a trusted authority takes 75 ms for its signatures, or 11 s for its name constraints
 * (measured).
 */
export function endVerificationAtError(openssl: OpenSsl): Setting {
  const { functions } = openssl;
  const fresh = functions.X509_STORE_CTX_new();
  functions.X509_STORE_CTX_init(fresh, 0n, 0n, 0n);
  const endAtError = functions.X509_STORE_CTX_get_verify_cb(fresh);
  functions.X509_STORE_CTX_free(fresh);
  const verify = openssl.lib.registerCallback(
    { arguments: ['u64', 'u64'], return: 'i32' },
    (verification: bigint) => {
      // Replaces Node's callback, which continues after every error, with OpenSSL's own.
      functions.X509_STORE_CTX_set_verify_cb(verification, endAtError);
      return functions.X509_verify_cert(verification);
    },
  );
  return (context) => openssl.functions.SSL_CTX_set_cert_verify_callback(context, verify, 0n);
}
