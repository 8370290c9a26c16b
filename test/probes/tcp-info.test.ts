import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createTcpInfoReader } from '../../src/probes/tcp-info.ts';
import { blackHole } from '../support/black-hole.ts';
import { closedPort } from '../support/closed-port.ts';
import { serving } from './check-once.ts';

const read = await createTcpInfoReader();

/** More than a round trip over the loopback takes, in seconds. */
const MAX_LOOPBACK_RTT = 0.01;

/** Longer than the second after which Linux retransmits a SYN, in ms (RFC 6298, section 2). */
const REPEATED_SYN_LIMIT_MS = 5_000;

/** A client that is connected to an echo server. */
async function connectedClient(host: string): Promise<Socket> {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, host);
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, host);
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  await once(client, 'connect');
  return client;
}

test.each(['127.0.0.1', '::1'])(
  "read() returns the handshake's round trip over %s",
  async (host) => {
    const info = read(await connectedClient(host));
    expect(info).toMatchObject({
      isEstablished: true,
      segmentsSent: 2,
      segmentsRetransmitted: 0,
      bytesReceived: 0,
    });
    expect(info?.rtt).toBeGreaterThan(0);
    expect(info?.rtt).toBeLessThan(MAX_LOOPBACK_RTT);
  },
);

test('read() counts what was sent, acknowledged and received', async () => {
  const client = await connectedClient('127.0.0.1');
  client.write('question');
  await once(client, 'data');
  expect(read(client)).toMatchObject({
    segmentsSent: expect.toSatisfy((sent: number) => sent >= 3),
    segmentsUnacknowledged: 0,
    segmentsHeldByPeer: 0,
    bytesReceived: 'question'.length,
    segmentsReceivedOutOfOrder: 0,
  });
});

test('read() reads the TCP connection under a TLS socket', async () => {
  const server = createTlsServer({ cert: serving.certificate, key: serving.key });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const secure = connectTls({ socket, rejectUnauthorized: false });
  onTestFinished(() => {
    secure.destroy();
    server.close();
  });
  await once(secure, 'secureConnect');
  expect(read(secure)?.bytesReceived).toBeGreaterThan(0);
  expect(read(secure)).toEqual(read(socket));
});

test('read() returns no round trip for a SYN without a response, and counts its retransmission', async () => {
  const socket = connect(await blackHole('127.0.0.1'), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await vi.waitUntil(() => read(socket)?.segmentsRetransmitted, { timeout: REPEATED_SYN_LIMIT_MS });
  expect(read(socket)).toMatchObject({ isEstablished: false, rtt: undefined });
});

test('read() returns undefined before a connection, after a refusal, and after its end', async () => {
  expect(read(new Socket())).toBeUndefined();
  const refused = connect(await closedPort('127.0.0.1'), '127.0.0.1');
  await once(refused, 'error');
  expect(read(refused)).toBeUndefined();
  const client = await connectedClient('127.0.0.1');
  client.destroy();
  expect(read(client)).toBeUndefined();
});
