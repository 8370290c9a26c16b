import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../lab/support/until.ts';
import { RateLimiter } from '../src/rate-limiter.ts';
import { createReadHeads } from '../src/request-heads.ts';

const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** A server that reads `budget` heads per millisecond, and a client of it. */
async function serve({ timeout = 5_000, budget = 1_000 } = {}) {
  const heads: string[] = [];
  // Without a burst, so that every head waits if there is no budget.
  const pace = new RateLimiter({ window: 1, budget, burst: 0 });
  const readHeads = createReadHeads(pace, timeout);
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    readHeads(socket, (head) => heads.push(head.toString('latin1')));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const open = () => {
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  const client = open();
  let received = '';
  client.setEncoding('latin1').on('data', (text) => {
    received += text;
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const isRead = (bytes: number) =>
    until(`${bytes} bytes are read`, 5_000, () => sockets[0]?.bytesRead === bytes);
  return { heads, client, open, isRead, received: () => received, sockets };
}

test('readHeads() passes on a head that arrives in pieces once, as a whole', async () => {
  const { heads, client, isRead } = await serve();
  for (const at of [1, 10, HEAD.length - 2]) {
    client.write(HEAD.slice(client.bytesWritten, at));
    await isRead(at);
    expect(heads).toEqual([]);
  }
  client.write(HEAD.slice(-2));
  await until('it is passed on', 5_000, () => heads.length > 0);
  expect(heads).toEqual([HEAD]);
});

test.each([
  ['a head with the beginning of a body', `${HEAD}{`],
  ['another method', 'POST / HTTP/1.1\r\n'],
  ['what is not HTTP', '\x16\x03\x01'],
  ['lines that end as in no HTTP', 'GET / HTTP/1.1\n\n'],
  ['more than a head may have', `GET /${'x'.repeat(24 * 1024)}`],
])('readHeads() passes on immediately: %s', async (_, bytes) => {
  const { heads, client } = await serve();
  client.write(bytes);
  await until('it is passed on', 5_000, () => heads.join('') === bytes);
});

test('readHeads() responds with 408 if a head is not complete in time', async () => {
  const { heads, client, received } = await serve({ timeout: 50 });
  client.write(HEAD.slice(0, -1));
  await once(client, 'end');
  expect(received()).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
  expect(heads).toEqual([]);
});

test('readHeads() rejects a head that a hundred lines follow with 413, before it would have to wait', async () => {
  const { heads, client, received } = await serve({ budget: 0 });
  client.write(`${HEAD}GET / HTTP/1.1\r\n${'a:\r\n'.repeat(102)}`);
  await once(client, 'end');
  expect(received()).toMatch(/^HTTP\/1.1 413 /);
  expect(heads).toEqual([]);
});

test('readHeads() passes on a head of a hundred fields', async () => {
  const { heads, client } = await serve();
  client.write(`GET / HTTP/1.1\r\n${'a:\r\n'.repeat(100)}\r\n`);
  await until('it is passed on', 5_000, () => heads.length === 1);
});

test.each([102, 4_000])(
  'readHeads() rejects a head of %i fields with 431, before it would have to wait',
  async (fields) => {
    const { heads, client, received } = await serve({ budget: 0 });
    client.write(`GET / HTTP/1.1\r\n${'a:\r\n'.repeat(fields)}\r\n`);
    await once(client, 'end');
    expect(received()).toMatch(/^HTTP\/1.1 431 /);
    expect(heads).toEqual([]);
  },
);

test('readHeads() closes a connection that sends more while its request waits', async () => {
  const { heads, client, isRead } = await serve({ budget: 0 });
  client.write(HEAD);
  await isRead(HEAD.length);
  client.write(HEAD);
  await once(client, 'close');
  expect(heads).toEqual([]);
});

test('readHeads() pauses for longer and longer while it reads a head of many pieces', async () => {
  const { heads, client, sockets } = await serve({ timeout: 60_000 });
  const head = `GET / HTTP/1.1\r\nHost: ${'x'.repeat(100)}\r\n\r\n`;
  client.setNoDelay();
  let reads = 0;
  for (const [index, byte] of [...head].entries()) {
    client.write(byte);
    await setTimeout(1);
    if (index === 0) sockets[0]?.on('data', () => (reads += 1));
  }
  await until('it is passed on', 10_000, () => heads.length > 0);
  expect(heads).toEqual([head]);
  // Twelve pauses take half a minute.
  expect(reads).toBeLessThan(3 + 12);
});

test('readHeads() pauses after the first piece of a head only while many heads are incomplete', async () => {
  const { open, sockets } = await serve({ timeout: 60_000 });
  /** A connection that has sent a piece, the server's end, and whether that pauses reading. */
  const begin = async () => {
    const before = sockets.length;
    const client = open();
    await until('it is accepted', 5_000, () => sockets.length > before);
    const socket = sockets[before] as Socket & { _handle: { readStop: () => void } };
    const readStop = vi.spyOn(socket._handle, 'readStop');
    client.write('GET /');
    await until('it is read', 5_000, () => socket.bytesRead === 5);
    return { client, socket, rests: readStop.mock.calls.length === 1 };
  };
  // The connection of `client`, which sends nothing.
  await until('it is accepted', 5_000, () => sockets.length === 1);
  for (let i = 1; i <= 16; i += 1) expect((await begin()).rests).toBe(false);
  const last = await begin();
  expect(last.rests).toBe(true);
  last.client.write('x');
  await until('it is read', 5_000, () => last.socket.bytesRead === 6);
  for (const socket of sockets) socket.destroy();
  await until('all are closed', 5_000, () => sockets.every(({ closed }) => closed));
  expect((await begin()).rests).toBe(false);
});

test('readHeads() leaves no listener on a connection after a head that arrived in pieces', async () => {
  const { heads, client, isRead, sockets } = await serve();
  const counts: (number | undefined)[] = [];
  for (let count = 1; count <= 3; count += 1) {
    client.write(HEAD.slice(0, 9));
    await isRead((count - 1) * HEAD.length + 9);
    client.write(HEAD.slice(9));
    await until('it is passed on', 5_000, () => heads.length === count);
    counts.push(sockets[0]?.listenerCount('close'));
  }
  expect(new Set(counts).size).toBe(1);
});
