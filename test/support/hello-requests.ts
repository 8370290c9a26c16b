import { createCipheriv, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { duplexPair } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { Certificate } from '../../lab/support/certificates.ts';

const HANDSHAKE = 22;
const HELLO_REQUEST = Buffer.from([0, 0, 0, 0]);

/** After the header of the record, the header of the message, and its version. */
const RANDOM_AT = 5 + 4 + 2;

/** The pseudorandom function of TLS 1.2 (RFC 5246, section 5). */
function expand(secret: Buffer, seed: Buffer, length: number): Buffer {
  const hmac = (...data: Buffer[]) =>
    createHmac('sha256', secret).update(Buffer.concat(data)).digest();
  let [block, bytes] = [seed, Buffer.alloc(0)];
  while (bytes.length < length) {
    block = hmac(block);
    bytes = Buffer.concat([bytes, hmac(block, seed)]);
  }
  return bytes;
}

/**
 * HelloRequests, this many, as a server sends them encrypted after its `Finished`
 * (TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256).
 */
function helloRequests(master: Buffer, clientRandom: Buffer, serverRandom: Buffer, count: number) {
  const seed = Buffer.concat([Buffer.from('key expansion'), serverRandom, clientRandom]);
  const block = expand(master, seed, 2 * 16 + 2 * 4);
  const [key, iv] = [block.subarray(16, 32), block.subarray(36, 40)];
  const records = Array.from({ length: count }, (_, nth) => {
    const sequence = Buffer.alloc(8);
    sequence.writeUInt32BE(1 + nth, 4);
    const cipher = createCipheriv('aes-128-gcm', key, Buffer.concat([iv, sequence]));
    cipher.setAAD(
      Buffer.concat([sequence, Buffer.from([HANDSHAKE, 3, 3, 0, HELLO_REQUEST.length])]),
    );
    const text = Buffer.concat([sequence, cipher.update(HELLO_REQUEST), cipher.final()]);
    const record = Buffer.concat([text, cipher.getAuthTag()]);
    return Buffer.concat([Buffer.from([HANDSHAKE, 3, 3, 0, record.length]), record]);
  });
  return Buffer.concat(records);
}

/**
 * A TLS 1.2 server, until the test has finished, that responds to a request by requesting this many
 * further handshakes.
 */
export async function helloRequestServer(
  { certificate: cert, key }: Certificate,
  count: number,
): Promise<URL> {
  const ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256';
  const tls = createTlsServer({ cert, key, ciphers, maxVersion: 'TLSv1.2' });
  const server = createServer((socket) => {
    const [inner, outer] = duplexPair();
    let serverRandom: Buffer | undefined;
    outer.on('data', (bytes: Buffer) => {
      serverRandom ??= Buffer.from(bytes.subarray(RANDOM_AT, RANDOM_AT + 32));
      socket.write(bytes);
    });
    socket.on('error', () => {}).on('data', (bytes) => outer.write(bytes));
    let secrets: Buffer[] = [];
    tls.once('keylog', (line: Buffer) => {
      const [, ...values] = line.toString().trim().split(' ');
      secrets = values.map((value) => Buffer.from(value, 'hex'));
    });
    tls.once('secureConnection', (secure) => {
      secure
        .on('error', () => {})
        .once('data', () => {
          const [clientRandom, master] = secrets;
          if (!clientRandom || !master || !serverRandom) return;
          socket.write(helloRequests(master, clientRandom, serverRandom, count));
        });
    });
    tls.emit('connection', inner);
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}
