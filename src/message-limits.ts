import { isCheapToRead } from './certificate-cost.ts';
import { loadFfi } from './ffi.ts';
import type { OpenSsl, Setting } from './openssl.ts';

/** Requests of a server for another handshake, none of which is granted: OpenSSL responds to each, for as long as they come. */
const MAX_HELLO_REQUESTS = 100;

/** Connections whose requests are counted at once. */
const MAX_COUNTED = 1_000;

// Types of TLS messages (RFC 8446, section 4; RFC 5246, section 7.4), and lengths in bytes.
const [HELLO_REQUEST, SERVER_HELLO, CERTIFICATE] = [0, 2, 11];
const HEAD_LENGTH = 4;
const UNREADABLE = Buffer.alloc(HEAD_LENGTH, 0xff);

// Of OpenSSL's ssl.h, ssl3.h and tls1.h.
const SSL3_RT_HANDSHAKE = 22;
const TLS1_3_VERSION = 0x0304;

/** Counts the requests of each connection for another handshake. */
class HelloRequests {
  readonly #counts = new Map<bigint, number>();

  /** Returns whether there have been too many. */
  add(connection: bigint): boolean {
    if (this.#counts.size >= MAX_COUNTED) this.#counts.clear();
    const count = (this.#counts.get(connection) ?? 0) + 1;
    this.#counts.set(connection, count);
    return count > MAX_HELLO_REQUESTS;
  }

  /** For a connection that begins: its address may be that of an earlier one. */
  forget(connection: bigint): void {
    this.#counts.delete(connection);
  }
}

/**
 * Looks at each TLS message before OpenSSL does. Certificates that are not cheap to read are made unreadable, by the lengths at
 * their beginning: nothing else keeps OpenSSL from reading them. A connection with too many requests for another handshake fails.
 */
export async function limitMessages(openssl: OpenSsl): Promise<Setting> {
  const { exportBuffer, toBuffer } = await loadFfi();
  const { functions } = openssl;
  const helloRequests = new HelloRequests();
  const onHandshake = (message: bigint, length: number, isTls13: boolean, connection: bigint) => {
    const [type] = toBuffer(message, 1);
    if (type === SERVER_HELLO) {
      helloRequests.forget(connection);
    } else if (type === CERTIFICATE && !isCheapToRead(toBuffer(message, length), isTls13)) {
      exportBuffer(UNREADABLE, message + BigInt(HEAD_LENGTH), HEAD_LENGTH);
    } else if (type === HELLO_REQUEST && helloRequests.add(connection)) {
      // From what is not initialized, OpenSSL reads nothing more: it fails.
      functions.BIO_set_init(functions.SSL_get_rbio(connection), 0);
    }
  };
  const onMessage = openssl.lib.registerCallback(
    { arguments: ['i32', 'i32', 'i32', 'u64', 'i32', 'u64', 'u64'], return: 'void' },
    (isSent, version, contentType, message, length, connection) => {
      if (isSent === 1 || contentType !== SSL3_RT_HANDSHAKE || length < HEAD_LENGTH) return;
      onHandshake(message, length, version === TLS1_3_VERSION, connection);
    },
  );
  return (context) => openssl.functions.SSL_CTX_set_msg_callback(context, onMessage);
}
