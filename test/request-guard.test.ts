import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { fetchPage, sendBytes, servePages } from './support/served-pages.ts';

/**
 * Serves pages that count their requests; `/slow` responds when the test has finished. Returns the
 * server's sockets as well, which show what it has read of each connection.
 */
async function serveGuarded() {
  const sockets: Socket[] = [];
  let requests = 0;
  let isWatching = false;
  const finished = Promise.withResolvers<void>();
  const { port, errors } = await servePages({
    '/socket': ({ socket }) => {
      if (isWatching) return;
      isWatching = true;
      const { server } = socket as unknown as { server: Server };
      server.on('connection', (each) => sockets.push(each));
    },
    '/slow': async () => {
      requests += 1;
      await finished.promise;
    },
    '/quick': {
      respond: () => {
        requests += 1;
        return { status: 200, body: 'quick' };
      },
    },
  });
  await fetchPage(port, '/socket');
  onTestFinished(() => finished.resolve());
  return { port, errors, sockets, requests: () => requests };
}

const CHUNKS = '1\r\nx\r\n'.repeat(200_000);

test.each([
  ['in a million of chunks', `Transfer-Encoding: chunked\r\n\r\n${CHUNKS}`],
  ['in chunks, by HTTP/1.0', 'Transfer-Encoding: chunked\r\n\r\n', '1.0'],
  ['in some other coding', 'Transfer-Encoding: gzip, chunked\r\n\r\n'],
  ['of a length', `Content-Length: 5000000\r\n\r\n${'x'.repeat(5_000_000)}`],
  ['of a byte', 'Content-Length: 1\r\n\r\nx'],
  ['that is yet to come', 'Content-Length: 5\r\nExpect: 100-continue\r\n\r\n'],
  ['with an upgrade', 'Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello'],
])('guardRequests() rejects a body %s with 413, unread', async (_, rest, version = '1.1') => {
  const { port, errors, sockets, requests } = await serveGuarded();
  const response = await sendBytes(port, `GET /slow HTTP/${version}\r\nHost: a\r\n${rest}`);
  // The connection of a client that is still sending may be reset before it reads the response.
  if (rest.length < 1_000)
    expect(response).toMatch(/^HTTP\/1\.1 413 [\s\S]*\r\nConnection: close\r\n/);
  await until('the connection is closed', 5_000, () => sockets[0]?.destroyed === true);
  expect(requests()).toBe(0);
  // Node reads up to 64 KB at once.
  expect(sockets[0]?.bytesRead).toBeLessThanOrEqual(2 << 16);
  expect(errors).toEqual([]);
});

test.each(['GET', 'HEAD'])('guardRequests() lets %s declare an empty body', async (method) => {
  const { port } = await serveGuarded();
  const headers = { 'Content-Length': '0' };
  expect((await fetchPage(port, '/quick', { method, headers })).status).toBe(200);
});

test('guardRequests() rejects an expectation without a body', async () => {
  const { port, requests } = await serveGuarded();
  const head = 'GET /quick HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n';
  expect(await sendBytes(port, head)).toMatch(/^HTTP\/1\.1 417 /);
  expect(requests()).toBe(0);
});

test.each([
  { path: '/slow', count: 30, served: 1 },
  { path: '/quick', count: 30, served: 1 },
  { path: '/no-such-page', count: 30, served: 0 },
  { path: '/quick', count: 100_000, served: 0 },
])(
  'guardRequests() serves one request of a connection at a time, and closes it at the next: $count of $path',
  async ({ path, count, served }) => {
    const { port, errors, sockets, requests } = await serveGuarded();
    await sendBytes(port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(count));
    await until('the connection is closed', 5_000, () => sockets[0]?.destroyed === true);
    expect(requests()).toBe(served);
    expect(sockets[0]?.bytesRead).toBeLessThanOrEqual(2 << 16);
    expect(errors).toEqual([]);
  },
);

test('guardRequests() serves successive requests of a kept connection', async () => {
  const { port, requests } = await serveGuarded();
  const socket = connect({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  let received = '';
  socket.setEncoding('latin1').on('data', (text) => {
    received += text;
  });
  for (let count = 1; count <= 20; count += 1) {
    socket.write('GET /quick HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('there is a response', 5_000, () => received.split('quick').length === count + 1);
  }
  expect(requests()).toBe(20);
});

test.each([
  [100, 200],
  [101, 431],
  [2_000, 431],
])('guardRequests() responds to a request of %i headers with %i', async (count, status) => {
  const { port, requests } = await serveGuarded();
  const others = count - 2;
  const response = await sendBytes(
    port,
    `GET /quick HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${'a:b\r\n'.repeat(others)}\r\n`,
  );
  expect(response).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(requests()).toBe(status === 200 ? 1 : 0);
});

test.each([
  [1_024, 200],
  [1_025, 414],
  [20_000, 414],
])('guardRequests() responds to a target of %i characters with %i', async (length, status) => {
  const { port, requests } = await serveGuarded();
  const target = '/quick?'.padEnd(length, 'a&');
  const head = `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
  expect(await sendBytes(port, head)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(requests()).toBe(status === 200 ? 1 : 0);
});

/**
 * Sends this text byte by byte, each in its own segment, until it is sent or the server closes.
 * `received()` returns the response so far.
 */
async function sendByteByByte(port: number, text: string) {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true }).on('error', () => {});
  onTestFinished(() => void socket.destroy());
  let received = '';
  socket.setEncoding('latin1').on('data', (part) => {
    received += part;
  });
  for (const byte of text) {
    if (socket.destroyed) break;
    await new Promise((written) => socket.write(byte, written));
    // Otherwise the server, in this process, gets several in one read.
    await new Promise(setImmediate);
  }
  return { socket, received: () => received };
}

test('guardRequests() serves heads that arrive in a few pieces, also over one connection', async () => {
  const { port, requests } = await serveGuarded();
  const { received } = await sendByteByByte(port, 'GET /quick HTTP/1.0\r\n\r\n');
  await until('there is a response', 5_000, () => received().includes('quick'));
  const { socket } = await sendByteByByte(port, '');
  for (let count = 2; count <= 10; count += 1) {
    for (const piece of [
      'GET /quick ',
      'HTTP/1.1\r\n',
      'Host: ',
      'a\r\n',
      'X:',
      ' y\r\n',
      '\r\n',
    ]) {
      await new Promise((written) => socket.write(piece, written));
      await new Promise(setImmediate);
    }
    await until('it is served', 5_000, () => requests() === count);
  }
});

test('guardRequests() and the log: bytes that are not HTTP after a waiting request are not an error of the page', async () => {
  const { port, errors, requests } = await serveGuarded();
  await sendBytes(port, 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE');
  expect([requests(), errors]).toEqual([1, []]);
});

test.each(['GET /slow HTTP/1.1\r\nHost: a\r\n\r\n', 'GARBAGE'])(
  'guardRequests() and the log: a reset right after rejected bytes is not an error of the page: %j',
  async (refused) => {
    const { port, errors, sockets, requests } = await serveGuarded();
    const client = connect({ host: '127.0.0.1', port });
    client.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the first request waits', 5_000, () => requests() === 1);
    client.write(refused);
    client.resetAndDestroy();
    await until('the connection is closed', 5_000, () => sockets[0]?.closed === true);
    expect(errors).toEqual([]);
  },
);
