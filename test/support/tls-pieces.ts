import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

const HANDSHAKE = 22;
const HEADER_LENGTH = 5;

/**
 * The port of a proxy to a server on this machine, until the test has finished. What each side
 * sends of a handshake before it encrypts arrives at the other in records of this many bytes.
 */
export async function tlsInPieces(port: number, size: number): Promise<number> {
  const proxy = createServer((client) => {
    const server = connect({ host: '127.0.0.1', port });
    client.once('close', () => server.destroy());
    server.once('close', () => client.destroy());
    forward(client, server, size);
    forward(server, client, size);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void proxy.close());
  await once(proxy, 'listening');
  return (proxy.address() as AddressInfo).port;
}

function forward(from: Socket, to: Socket, size: number): void {
  let received: Buffer = Buffer.alloc(0);
  let isEncrypted = false;
  from
    .on('error', () => {})
    .on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      while (received.length >= HEADER_LENGTH) {
        const end = HEADER_LENGTH + received.readUInt16BE(3);
        if (received.length < end) return;
        const record = received.subarray(0, end);
        received = received.subarray(end);
        isEncrypted ||= record[0] !== HANDSHAKE;
        to.write(isEncrypted ? record : inPieces(record, size));
      }
    });
}

function inPieces(record: Buffer, size: number): Buffer {
  const pieces: Buffer[] = [];
  for (let at = HEADER_LENGTH; at < record.length; at += size) {
    const piece = record.subarray(at, at + size);
    pieces.push(record.subarray(0, 3), Buffer.from([piece.length >> 8, piece.length & 255]), piece);
  }
  return Buffer.concat(pieces);
}
