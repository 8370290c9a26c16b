import { createCipheriv, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { Certificate } from '../../lab/support/certificates.ts';

const APPLICATION_DATA = 23;
const HANDSHAKE = 22;

/** A TLS 1.3 message that a server may send at any time, as a `NewSessionTicket`. */
export const KEY_UPDATE = Buffer.from([24, 0, 0, 1, 0]);

/** A session ticket with a lifetime of an hour; each differs in its nonce. */
export function newSessionTicket(nth: number): Buffer {
  const body = Buffer.alloc(4 + 4 + 1 + 4 + 2 + 32 + 2);
  body.writeUInt32BE(3600, 0);
  body.writeUInt8(4, 8);
  body.writeUInt32BE(nth, 9);
  body.writeUInt16BE(32, 13);
  body.fill(nth & 255, 15, 47);
  return Buffer.concat([Buffer.from([4, 0, 0, body.length]), body]);
}

/** HKDF-Expand-Label (RFC 8446, section 7.1), for output that fits into one block of the hash. */
function expandLabel(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}

/** Encrypts what one side sends from now on (TLS_AES_128_GCM_SHA256). */
class Records {
  #secret: Buffer;
  #sequence: number;
  #key!: Buffer;
  #iv!: Buffer;

  constructor(secret: Buffer, sequence: number) {
    this.#secret = secret;
    this.#sequence = sequence;
    this.#derive();
  }

  record(message: Buffer, type: number): Buffer {
    const nonce = Buffer.from(this.#iv);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.#sequence) >>> 0, 8);
    this.#sequence++;
    const header = Buffer.from([APPLICATION_DATA, 3, 3, 0, message.length + 17]);
    const cipher = createCipheriv('aes-128-gcm', this.#key, nonce).setAAD(header);
    const text = cipher.update(Buffer.concat([message, Buffer.from([type])]));
    cipher.final();
    if (message === KEY_UPDATE) {
      this.#secret = expandLabel(this.#secret, 'traffic upd', 32);
      this.#sequence = 0;
      this.#derive();
    }
    return Buffer.concat([header, text, cipher.getAuthTag()]);
  }

  #derive(): void {
    this.#key = expandLabel(this.#secret, 'key', 16);
    this.#iv = expandLabel(this.#secret, 'iv', 12);
  }
}

/** Counts how often clients of this server renew their keys, from now on. */
export function countRenewals(server: NodeJS.EventEmitter): () => number {
  let renewals = 0;
  server.on('keylog', (line: Buffer) => {
    if (line.toString().startsWith('CLIENT_TRAFFIC_SECRET_N ')) renewals += 1;
  });
  return () => renewals;
}

function countRecords(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) count++;
  return count;
}

/**
 * A server with a valid certificate, until the test has finished. Once it has received a request,
 * it sends this many TLS messages, or parts of them, each in its own record, and `between` before
 * each. It sends no response.
 */
export async function hostileTlsServer(
  certificate: Certificate,
  message: (nth: number) => Buffer,
  count: number,
  between: readonly Buffer[] = [],
): Promise<{ url: URL }> {
  const tls = createTlsServer({
    cert: certificate.certificate,
    key: certificate.key,
    ciphers: 'TLS_AES_128_GCM_SHA256',
    minVersion: 'TLSv1.3',
  });
  const flood = (socket: Socket, secret: Buffer, sequence: number) => {
    const records = new Records(secret, sequence);
    const all = Buffer.concat(
      Array.from({ length: count }, (_, i) => [
        ...between,
        records.record(message(i), HANDSHAKE),
      ]).flat(),
    );
    socket.write(all);
  };
  const server = createServer((socket) => {
    const [inner, outer] = duplexPair();
    let secret: Buffer | undefined;
    let isDone = false;
    let isFlooding = false;
    let records = 0;
    outer.on('data', (bytes: Buffer) => {
      if (isFlooding) return;
      // Those after the client's `Finished` are encrypted with the keys for application data.
      if (isDone) records += countRecords(bytes);
      socket.write(bytes);
    });
    let flights = 0;
    socket
      .on('error', () => {})
      .on('data', (bytes) => {
        flights++;
        isDone = flights > 1;
        outer.write(bytes);
      });
    tls.once('keylog', function keep(line: Buffer) {
      const [label, , value = ''] = line.toString().trim().split(' ');
      if (label === 'SERVER_TRAFFIC_SECRET_0') secret = Buffer.from(value, 'hex');
      else tls.once('keylog', keep);
    });
    tls.once('secureConnection', (secure) => {
      secure
        .on('error', () => {})
        .once('data', () => {
          isFlooding = true;
          if (secret) flood(socket, secret, records);
        });
    });
    tls.emit('connection', inner);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => void server.close());
  return { url: new URL(`https://127.0.0.1:${port}/`) };
}

/**
 * A client that sends these messages to a server on this machine after the handshake, each in its
 * own record: `KEY_UPDATE`, or else data. Resolves when the server has closed the connection.
 */
export async function floodTlsServer(port: number, messages: readonly Buffer[]): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
  onTestFinished(() => void socket.destroy());
  const [inner, outer] = duplexPair();
  const forward = (bytes: Buffer) => socket.write(bytes);
  outer.on('data', forward);
  socket.on('data', (bytes) => outer.write(bytes));
  const secure = connectTls({
    socket: inner,
    rejectUnauthorized: false,
    ciphers: 'TLS_AES_128_GCM_SHA256',
    minVersion: 'TLSv1.3',
  }).on('error', () => {});
  let secret: Buffer | undefined;
  secure.on('keylog', (line: Buffer) => {
    const [label, , value = ''] = line.toString().trim().split(' ');
    if (label === 'CLIENT_TRAFFIC_SECRET_0') secret = Buffer.from(value, 'hex');
  });
  await once(secure, 'secureConnect');
  // The client's `Finished` has been written by now.
  await new Promise(setImmediate);
  outer.off('data', forward);
  if (secret === undefined) throw new Error('no secret');
  const records = new Records(secret, 0);
  const all = messages.map((message) =>
    records.record(message, message === KEY_UPDATE ? HANDSHAKE : APPLICATION_DATA),
  );
  // Not `once()`: the server may reset the connection.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(Buffer.concat(all));
  await closed;
  secure.destroy();
}
