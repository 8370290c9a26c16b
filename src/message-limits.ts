import { isCheapToRead } from './certificate-cost.ts';
import { isCheapHello, SESSION_LENGTH_AT } from './client-hello-cost.ts';
import { loadFfi } from './ffi.ts';
import type { OpenSsl, Setting } from './openssl.ts';

/**
 * Records without application data that a peer may send in the life of a connection: as many as
 * 64 KB of handshake take in the shortest records that may be requested of it (64 bytes: RFC 8449,
 * section 4). OpenSSL accepts any number of records of one byte or none.
 */
const MAX_RECORDS = 1_000n;

/**
 * For clients, a tenth: their `ClientHello` has 4 KB at most, and they send no certificate.
 * Hundreds of clients may send theirs at once.
 */
const MAX_CLIENT_RECORDS = 100n;

/**
 * How many records a request for another handshake counts as. None is granted, but OpenSSL responds
 * to each, and a record holds 4,096.
 */
const HELLO_REQUEST_COST = 10n;

/**
 * How many records a client's key update counts as. Three updates are more than a client needs, and
 * each takes some 0.03 ms (measured).
 */
const KEY_UPDATE_COST = 30n;

// Types of TLS messages (RFC 8446, section 4; RFC 5246, section 7.4), and lengths in bytes.
const [HELLO_REQUEST, CLIENT_HELLO, CERTIFICATE, KEY_UPDATE] = [0, 1, 11, 24];
const HEAD_LENGTH = 4;
const UNREADABLE = Buffer.alloc(HEAD_LENGTH, 0xff);

// From OpenSSL's ssl.h, ssl3.h, tls1.h, bio.h, err.h and bioerr.h.
const BIO_CTRL_RESET = 1;
const BIO_C_SET_BUF_MEM_EOF_RETURN = 130;
const ERR_LIB_BIO = 32;
const BIO_R_UNINITIALIZED = 120;
const SSL_CTRL_SET_MSG_CALLBACK_ARG = 16;
const SSL3_RT_HANDSHAKE = 22;
const SSL3_RT_APPLICATION_DATA = 23;
const TLS1_3_VERSION = 0x0304;

/**
 * SSL3_RT_HEADER and SSL3_RT_INNER_CONTENT_TYPE: the callback's data begins with the type of a
 * record's content.
 */
const HAS_CONTENT_TYPE: ReadonlySet<number> = new Set([256, 257]);

/**
 * Inspects each TLS record and message before OpenSSL reads it. A ClientHello and certificates that
 * are costly to read are made unreadable by overwriting lengths at their beginning: nothing else
 * keeps OpenSSL from reading them. A connection with too many records without application data,
 * requests for another handshake, or key updates of a client fails.
 */
export async function limitMessages(openssl: OpenSsl): Promise<Setting> {
  const { exportBuffer, getUint8, toBuffer } = await loadFfi();
  const { functions } = openssl;
  const isServer = (connection: bigint) => functions.SSL_is_server(connection) === 1;
  const add = (connection: bigint, count: bigint, cost: bigint) => {
    const sum = count + cost;
    functions.SSL_ctrl(connection, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0n, sum);
    if (sum <= MAX_CLIENT_RECORDS || (sum <= MAX_RECORDS && !isServer(connection))) return;
    // Makes OpenSSL read nothing more, and fail with the first error that is raised.
    const received = functions.SSL_get_rbio(connection);
    functions.BIO_ctrl(received, BIO_CTRL_RESET, 0n, 0n);
    functions.BIO_ctrl(received, BIO_C_SET_BUF_MEM_EOF_RETURN, 0n, 0n);
    functions.ERR_new();
    functions.ERR_set_error(ERR_LIB_BIO, BIO_R_UNINITIALIZED, 0n);
  };
  const costOf = (type: number, connection: bigint) => {
    if (type === HELLO_REQUEST) return HELLO_REQUEST_COST;
    return type === KEY_UPDATE && isServer(connection) ? KEY_UPDATE_COST : 0n;
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
    // The last argument belongs to the connection: 0 at first, then what `add` has set it to.
    (isSent, version, contentType, message, length, connection, count) => {
      if (isSent === 1 || length === 0) return;
      const type = getUint8(message);
      if (HAS_CONTENT_TYPE.has(contentType)) {
        // Every record that TLS 1.3 encrypts has this type in its header. Its inner type follows.
        if (type !== SSL3_RT_APPLICATION_DATA) add(connection, count, 1n);
      } else if (contentType === SSL3_RT_HANDSHAKE && length >= HEAD_LENGTH) {
        const cost = costOf(type, connection);
        if (cost > 0n) add(connection, count, cost);
        else spoilCostly(type, message, length, version);
      }
    },
  );
  return (context) => {
    functions.SSL_CTX_set_msg_callback(context, onMessage);
    // Node's servers accept no early data, but OpenSSL would skip up to 16 KB of it, and any number
    // of empty records.
    functions.SSL_CTX_set_recv_max_early_data(context, 0);
  };
}
