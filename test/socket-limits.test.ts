import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { CertificateAuthority } from '../lab/support/certificates.ts';
import { until } from '../lab/support/until.ts';
import type { Page } from '../src/pages/page.ts';
import { createSocketLimits, limitClientSockets } from '../src/socket-limits.ts';
import { descriptor, loadSocketOptions } from '../src/socket-options.ts';
import { servePages } from './support/served-pages.ts';
import { unreceived } from './support/unreceived.ts';

const BODY = Buffer.alloc(200_000, 'x');
/** Exceeds a client's receive buffer: up to 32 MiB (`net.ipv4.tcp_rmem`), by default 6 MiB. */
const ENDLESS = Buffer.alloc(64 * 1024 * 1024, 'x');

const page =
  (body: Buffer): Page =>
  (context) => {
    context.body = body;
  };

const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: kubenurse\r\n\r\n`;

/** The most that a send buffer of 128 KB holds, including the segment that exceeds it. */
const MAX_HELD = 192 * 1024;

/** Resolves once this many bytes have arrived. */
async function receive(client: Socket, bytes: number): Promise<void> {
  let received = 0;
  client.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  await until('the response is read', 5_000, () => received >= bytes);
}

/** Both ends of a connection to a server with these limits. */
async function connected(limits: ReturnType<typeof createSocketLimits>) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  (await limits).limit(server);
  const client = connect(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  const [accepted] = (await once(server, 'connection')) as [Socket];
  return { port, client, accepted };
}

/** In bytes. */
async function receiveBufferOf(socket: Socket): Promise<number | undefined> {
  const { getsockopt, getRawPointer } = await loadSocketOptions();
  const [value, length] = [Int32Array.of(0), Int32Array.of(4)];
  const [SOL_SOCKET, SO_RCVBUF] = [1, 8];
  const at = [value, length].map((each) => getRawPointer(each.buffer)) as [bigint, bigint];
  expect(getsockopt(descriptor(socket) ?? -1, SOL_SOCKET, SO_RCVBUF, ...at)).toBe(0);
  return value[0];
}

test('a client that does not read its response takes a bounded amount of kernel memory', async () => {
  const { port, errors } = await servePages({
    '/large': page(BODY),
    '/endless': page(ENDLESS),
  });
  const client = connect(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => {
    client.destroy();
  });
  await once(client, 'connect');
  // The kernel lets a send buffer grow once it has seen a client that reads.
  for (let i = 1; i <= 5; i += 1) {
    client.write(request('/large'));
    await receive(client, BODY.length);
  }
  client.pause();
  // One request: a second one before the response is read would end the connection.
  client.write(request('/endless'));
  const held: number[] = [];
  await until(
    'the kernel holds some of the response, seen 20 times',
    5_000,
    () => {
      held.push(...unreceived(port, 'open'));
      return held.length >= 20;
    },
    50,
  );
  expect(Math.max(...held)).toBeLessThan(MAX_HELD);
  expect(errors).toEqual([]);
});

test('a connection whose client is not read has a receive buffer of 64 KB', async () => {
  const { accepted } = await connected(createSocketLimits());
  expect(await receiveBufferOf(accepted)).toBe(64 * 1024);
});

/** Resolves when what the kernel holds for this port no longer grows: the peer has no more room. */
async function windowIsClosed(port: number): Promise<void> {
  let held = 0;
  await until(
    'the receive window is closed',
    5_000,
    () => {
      const before = held;
      held = unreceived(port, 'open')[0] ?? 0;
      return held > 0 && held === before;
    },
    200,
  );
}

async function isKeptAndThenGone(port: number): Promise<void> {
  await until('the kernel keeps it', 500, () => unreceived(port, 'closed').length === 1);
  await until('it is gone', 5_000, () => unreceived(port, 'closed').length === 0);
}

test('a closed connection whose client does not receive is gone after the timeout', async () => {
  const { port, client, accepted } = await connected(createSocketLimits(1_000));
  // The client acknowledges, but never has room again.
  client.pause();
  accepted.write(ENDLESS);
  await windowIsClosed(port);
  accepted.destroy();
  await isKeptAndThenGone(port);
});

const authority = await CertificateAuthority.create('test');
const { key, certificate: cert } = await authority.issue({ commonName: 'silent' });
await limitClientSockets(1_000);

test.each([
  ['TCP', createServer(), (port: number) => connect(port, '127.0.0.1')],
  [
    'TLS',
    createTlsServer({ key, cert }),
    (port: number) => connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }),
  ],
])(
  'a closed connection over %s to a server that does not receive is gone after the timeout',
  async (_, server: Server, open) => {
    server.on('connection', (socket: Socket) => socket.on('error', () => {}));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = open((server.address() as AddressInfo).port).on('error', () => {});
    onTestFinished(() => {
      client.destroy();
      server.close();
    });
    await once(client, client instanceof TLSSocket ? 'secureConnect' : 'connect');
    const port = client.localPort ?? 0;
    client.write(ENDLESS);
    await windowIsClosed(port);
    client.destroy();
    await isKeptAndThenGone(port);
  },
);
