import type { SecureContext } from 'node:tls';
import { inspect } from 'node:util';
import { loadFfi } from './ffi.ts';

/** Functions of the OpenSSL that Node is built with. Pointers are integers. */
export type OpenSsl = Awaited<ReturnType<typeof loadOpenSsl>>;

/** Changes a setting of the OpenSSL context (`SSL_CTX`) at this address. */
export type Setting = (context: bigint) => void;

/**
 * Callers must keep the whole result, not only its functions: it holds the callbacks that are
 * registered with it. Rejects if the functions cannot be called: without `node:ffi`, or with
 * another build of Node.
 */
export async function loadOpenSsl() {
  const { dlopen } = await loadFfi();
  return dlopen(null, {
    SSL_CTX_ctrl: { arguments: ['u64', 'i32', 'i64', 'u64'], return: 'i64' },
    SSL_CTX_set_cert_verify_callback: { arguments: ['u64', 'u64', 'u64'], return: 'void' },
    SSL_CTX_set_msg_callback: { arguments: ['u64', 'u64'], return: 'void' },
    SSL_CTX_set_recv_max_early_data: { arguments: ['u64', 'u32'], return: 'i32' },
    SSL_ctrl: { arguments: ['u64', 'i32', 'i64', 'u64'], return: 'i64' },
    SSL_is_server: { arguments: ['u64'], return: 'i32' },
    SSL_get_rbio: { arguments: ['u64'], return: 'u64' },
    ERR_new: { arguments: [], return: 'void' },
    ERR_set_error: { arguments: ['i32', 'i32', 'u64'], return: 'void' },
    BIO_ctrl: { arguments: ['u64', 'i32', 'i64', 'u64'], return: 'i64' },
    X509_STORE_CTX_new: { arguments: [], return: 'u64' },
    X509_STORE_CTX_init: { arguments: ['u64', 'u64', 'u64', 'u64'], return: 'i32' },
    X509_STORE_CTX_free: { arguments: ['u64'], return: 'void' },
    X509_STORE_CTX_get_verify_cb: { arguments: ['u64'], return: 'u64' },
    X509_STORE_CTX_set_verify_cb: { arguments: ['u64', 'u64'], return: 'void' },
    X509_verify_cert: { arguments: ['u64'], return: 'i32' },
  } as const);
}

/** The address of OpenSSL's context, a V8 External in Node: only `inspect()` reveals it. */
export function addressOf({ context }: SecureContext): bigint {
  const [, address] = /^\[External: ([\da-f]+)\]$/.exec(inspect(context._external)) ?? [];
  return BigInt(`0x${address}`);
}
