import { isCheapToRead } from './certificate-cost.ts';
import { isCheapHello, SESSION_LENGTH_AT } from './client-hello-cost.ts';
import { loadFfi } from './ffi.ts';
import type { OpenSsl, Setting } from './openssl.ts';

/**
 * Records without application data that a peer may send in the life of a connection: as many as 64 KB of handshake take in the
 * shortest that it may be asked for (64 bytes: RFC 8449, section 4). OpenSSL takes records of a byte, or none, without end.
 */
const MAX_RECORDS = 1_000n;

/** What a request for another handshake counts as, in records: none is granted, but OpenSSL responds to each, and a record holds 4,096. */
const HELLO_REQUEST_COST = 10n;

// Types of TLS messages (RFC 8446, section 4; RFC 5246, section 7.4), and lengths in bytes.
const [HELLO_REQUEST, CLIENT_HELLO, CERTIFICATE] = [0, 1, 11];
const HEAD_LENGTH = 4;
const UNREADABLE = Buffer.alloc(HEAD_LENGTH, 0xff);

// Of OpenSSL's ssl.h, ssl3.h and tls1.h.
const SSL_CTRL_SET_MSG_CALLBACK_ARG = 16;
const SSL3_RT_HANDSHAKE = 22;
const SSL3_RT_APPLICATION_DATA = 23;
const TLS1_3_VERSION = 0x0304;

/** SSL3_RT_HEADER and SSL3_RT_INNER_CONTENT_TYPE: what the callback is given begins with the type of a record's content. */
const HAS_CONTENT_TYPE: ReadonlySet<number> = new Set([256, 257]);

/**
 * Looks at each TLS record and message before OpenSSL does. A ClientHello and certificates that are not cheap to read
 * are made unreadable, by the lengths at their beginning: nothing else keeps OpenSSL from reading them. A connection with too many records without
 * application data, or requests for another handshake, fails.
 */
export async function limitMessages(openssl: OpenSsl): Promise<Setting> {
  const { exportBuffer, getUint8, toBuffer } = await loadFfi();
  const { functions } = openssl;
  const add = (connection: bigint, count: bigint, cost: bigint) => {
    const sum = count + cost;
    functions.SSL_ctrl(connection, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0n, sum);
    // From what is not initialized, OpenSSL reads nothing more: it fails.
    if (sum > MAX_RECORDS) functions.BIO_set_init(functions.SSL_get_rbio(connection), 0);
  };
  const spoilCostly = (type: number, message: bigint, length: number, version: number) => {
    if (type === CLIENT_HELLO) {
      if (isCheapHello(toBuffer(message, length))) return;
      exportBuffer(UNREADABLE, message + BigInt(SESSION_LENGTH_AT), HEAD_LENGTH);
    } else if (type === CERTIFICATE) {
      if (isCheapToRead(toBuffer(message, length), version === TLS1_3_VERSION)) return;
      exportBuffer(UNREADABLE, message + BigInt(HEAD_LENGTH), HEAD_LENGTH);
    }
  };
  const onMessage = openssl.lib.registerCallback(
    { arguments: ['i32', 'i32', 'i32', 'u64', 'i32', 'u64', 'u64'], return: 'void' },
    // The last argument is the connection's own, 0 at first: what it has been set to.
    (isSent, version, contentType, message, length, connection, count) => {
      if (isSent === 1 || length === 0) return;
      const type = getUint8(message);
      if (HAS_CONTENT_TYPE.has(contentType)) {
        // All records that TLS 1.3 encrypts have this type in their headers; that of the content follows.
        if (type !== SSL3_RT_APPLICATION_DATA) add(connection, count, 1n);
      } else if (contentType === SSL3_RT_HANDSHAKE && length >= HEAD_LENGTH) {
        if (type === HELLO_REQUEST) add(connection, count, HELLO_REQUEST_COST);
        else spoilCostly(type, message, length, version);
      }
    },
  );
  return (context) => {
    functions.SSL_CTX_set_msg_callback(context, onMessage);
    // Node's servers accept none, but OpenSSL would skip up to 16 KB of it, and empty records without end.
    functions.SSL_CTX_set_recv_max_early_data(context, 0);
  };
}
