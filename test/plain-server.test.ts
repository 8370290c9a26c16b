import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { alwaysHappyPage } from '../src/pages/alwayshappy.ts';
import type { Page } from '../src/pages/page.ts';
import { readyPage } from '../src/pages/ready.ts';
import { answerPlainRequests } from '../src/plain-server.ts';
import { type RateLimit, RateLimiter } from '../src/rate-limiter.ts';
import { MAX_HEAD } from '../src/request-guard.ts';
import { createReadHeads } from '../src/request-heads.ts';
import { createRequestListener } from '../src/request-listener.ts';
import { sendBytes } from './support/served-pages.ts';

const FAST: RateLimit = { window: 1, budget: 1_000, burst: 1 };

/** Serves one request of a client, and no other for a minute. */
const ONE: RateLimit = { window: 60_000, budget: 1, burst: 1 };

/** Serves pages, and returns what it sees. `/ready` fails if the test sets a `reason`. */
async function serve(limit: RateLimit) {
  const callers: string[] = [];
  const state = { reason: undefined as string | undefined, byHttp: 0, sockets: [] as Socket[] };
  const pages: Record<string, Page> = {
    '/happy': alwaysHappyPage({ record: (name) => callers.push(name) }, 'KUBENURSE-PADDING'),
    '/ready': readyPage(
      () => state.reason,
      () => {},
    ),
    '/koa': (context) => {
      context.body = 'by Koa';
    },
  };
  const pace = new RateLimiter(limit);
  const listener = createRequestListener(pages, () => {});
  const server = createServer(
    { connectionsCheckingInterval: 10, maxHeaderSize: MAX_HEAD },
    listener,
  );
  server.on('request', () => {
    state.byHttp += 1;
  });
  answerPlainRequests(server, pages, createReadHeads(pace, 10_000));
  server.on('connection', (socket) => state.sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of state.sockets) socket.destroy();
  });
  return { server, port: (server.address() as AddressInfo).port, callers, state };
}

/** A request that asks to close its connection, by default. */
function get(path: string, lines = '', close = 'close'): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n${lines}Connection: ${close}\r\n\r\n`;
}

const withoutDate = (response: string) => response.replace(/\r\nDate: .*\r\n/, '\r\nDate: \r\n');

test.each([
  ['/happy', '/happy', '', undefined],
  ['a caller', '/happy', 'KUBENURSE-NEIGHBOUR-ORIGIN: kubenurse-1\r\n', undefined],
  ['a body', '/happy', `KUBENURSE-PADDING: ${'x'.repeat(18_200)}\r\n`, undefined],
  ['200 for kubelet', '/ready', 'User-Agent: kube-probe/1.34\r\nAccept: */*\r\n', undefined],
  ['503', '/ready', '', 'the node is cordoned'],
])('a plain request gets the bytes that node:http sends: %s', async (_, path, lines, reason) => {
  const { port, state, callers } = await serve(FAST);
  state.reason = reason;
  const begin = Date.now();
  const plain = await sendBytes(port, get(path, lines));
  expect(state.byHttp).toBe(0);
  const byHttp = await sendBytes(port, get(path, lines, 'Close'));
  expect(state.byHttp).toBe(1);
  expect(withoutDate(plain)).toBe(withoutDate(byHttp));
  const date = Date.parse(/\r\nDate: (.*)\r\n/.exec(plain)?.[1] ?? '');
  expect(date).toBeGreaterThan(begin - 1_000);
  expect(date).toBeLessThanOrEqual(Date.now());
  expect(callers).toHaveLength(lines.includes('ORIGIN') ? 2 : 0);
});

test.each([
  ['a page of Koa', get('/koa'), 200],
  ['no page', get('/other'), 404],
  ['a name that objects have', get('/constructor'), 404],
  ['a request to keep the connection', get('/happy', '', 'keep-alive'), 200],
  ['HTTP/1.0', 'GET /happy HTTP/1.0\r\n\r\n', 200],
  ['HEAD', get('/happy').replace('GET', 'HEAD'), 200],
  ['a body', `${get('/happy', 'Content-Length: 1\r\n')}x`, 413],
  ['an expectation', get('/happy', 'Expect: 100-continue\r\n'), 417],
  ['what is not HTTP', '\x16\x03\x01\x02', 400],
])('node:http handles %s', async (_, bytes, status) => {
  const { server, port, state } = await serve(FAST);
  server.keepAliveTimeout = 10;
  expect(await sendBytes(port, bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(state.byHttp).toBe(status < 405 && status !== 400 ? 1 : 0);
});

test('node:http handles a head in two pieces, and further requests of its connection', async () => {
  const { port, state } = await serve(FAST);
  const client = connect({ host: '127.0.0.1', port, noDelay: true });
  onTestFinished(() => void client.destroy());
  let received = '';
  client.setEncoding('latin1').on('data', (text) => {
    received += text;
  });
  client.write('GET /happy HT');
  await until('the first piece is read', 5_000, () => state.sockets[0]?.bytesRead === 13);
  client.write('TP/1.1\r\nHost: a\r\n\r\n');
  await until('there is a response', 5_000, () => received.split(' 200 OK').length === 2);
  client.write(get('/happy'));
  await until('there is another', 5_000, () => received.split(' 200 OK').length === 3);
  await until('it is closed', 5_000, () => client.closed);
  expect(state.byHttp).toBe(2);
});

test('a connection with half a head is reported once when it is idle, and closed when its client ends it', async () => {
  const { server, port } = await serve(FAST);
  server.timeout = 100;
  const idle: Socket[] = [];
  server.on('timeout', (socket) => {
    idle.push(socket);
    socket.destroy();
  });
  const half = 'GET /happy HT';
  expect(await sendBytes(port, half)).toBe('');
  expect(idle).toHaveLength(1);
  const client = connect({ host: '127.0.0.1', port }).end(half);
  await once(client.resume(), 'close');
  expect(client.bytesRead).toBe(0);
});

test('a connection is closed after the response to a plain request, whatever its client does', async () => {
  const { port, state } = await serve(FAST);
  const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  onTestFinished(() => void client.destroy());
  client.resume().write(get('/happy'));
  await once(client, 'end');
  await until('it is closed', 5_000, () => state.sockets[0]?.closed === true);
  expect([client.writable, state.byHttp]).toEqual([true, 0]);
});

test('a connection is closed after a rejection, whatever its client does', async () => {
  const { port, state } = await serve(FAST);
  const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  onTestFinished(() => void client.destroy());
  client.write(`GET / HTTP/1.1\r\n${'a:\r\n'.repeat(1_000)}`);
  expect(String(await once(client, 'data'))).toMatch(/^HTTP\/1.1 431 /);
  await until('it is closed', 5_000, () => state.sockets[0]?.closed === true);
});

test('node:http handles a silent connection, and starts its timeout for the head then', async () => {
  const { server, port, state } = await serve(FAST);
  server.headersTimeout = 100;
  expect(await sendBytes(port, '')).toMatch(/^HTTP\/1.1 408 /);
  const [socket] = state.sockets;
  expect(socket).toMatchObject({ server });
});

test('node:http handles a connection that was silent for a while, with what arrives then', async () => {
  const { server, port, state } = await serve(FAST);
  const client = connect({ host: '127.0.0.1', port });
  await until('node:http has it', 5_000, () => 'parser' in (state.sockets[0] ?? {}));
  expect(server.headersTimeout).toBeGreaterThan(10_000);
  client.write(get('/happy'));
  expect(String(await once(client, 'data'))).toMatch(/^HTTP\/1.1 200 OK/);
  expect(state.byHttp).toBe(1);
});

/** A client whose plain request waits for its turn, and the server's end of its connection. */
async function waiting(limit: RateLimit) {
  const served = await serve(limit);
  const { port, state } = served;
  for (let i = 0; i < limit.budget; i += 1) await sendBytes(port, get('/happy'));
  const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true }).on('error', () => {});
  onTestFinished(() => void client.destroy());
  let received = '';
  client.on('data', (bytes) => {
    received += bytes;
  });
  client.write(get('/happy', 'KUBENURSE-NEIGHBOUR-ORIGIN: late\r\n'));
  await until(
    'its request is read',
    5_000,
    () => (state.sockets[limit.budget]?.bytesRead ?? 0) > 0,
  );
  const socket = state.sockets[limit.budget] as Socket;
  return { ...served, client, socket, received: () => received };
}

test('a plain request waits for its turn, as those of node:http do', async () => {
  const { port, client, socket, callers, received } = await waiting(ONE);
  const other = connect({ host: '127.0.0.1', port }).on('error', () => {});
  onTestFinished(() => void other.destroy());
  let hasResponse = false;
  other.once('data', () => {
    hasResponse = true;
  });
  other.write(get('/happy', '', 'keep-alive'));
  const third = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' });
  third.write(get('/happy'));
  expect(String(await once(third, 'data'))).toMatch(/ 200 OK/);
  expect([callers, received(), hasResponse]).toEqual([[], '', false]);
  expect([client.destroyed, socket.destroyed]).toEqual([false, false]);
});

test('a plain request is served when its turn comes', async () => {
  const { port } = await serve({ window: 200, budget: 1, burst: 1 });
  const begin = performance.now();
  for (let i = 0; i < 3; i += 1) expect(await sendBytes(port, get('/happy'))).toMatch(/ 200 OK/);
  expect(performance.now() - begin).toBeGreaterThan(300);
});

test.each([
  ['sends more', (client: Socket) => client.write('x')],
  ['ends', (client: Socket) => client.end()],
  ['is gone', (client: Socket) => client.resetAndDestroy()],
])('a connection whose plain request waits is closed if its client %s', async (_, leave) => {
  const { client, socket, received, callers } = await waiting(ONE);
  leave(client);
  await until(
    'it is closed',
    5_000,
    () => (socket.destroyed && client.readableEnded) || socket.closed,
  );
  expect([received(), callers]).toEqual(['', []]);
});

test('a plain request whose client is gone takes no turn', async () => {
  const { port, client, socket, callers } = await waiting({ window: 1_500, budget: 2, burst: 1 });
  client.resetAndDestroy();
  await until('it is closed', 5_000, () => socket.closed);
  // It would get the first turn of a window, and the other waiting request the second.
  expect(await sendBytes(port, get('/happy'))).toMatch(/ 200 OK/);
  expect(callers).toEqual([]);
});

test('the idle timeout of the server applies to a connection whose plain request waits', async () => {
  const { server, port, state } = await serve(ONE);
  server.timeout = 1_500;
  const idle: Socket[] = [];
  server.on('timeout', (socket) => {
    idle.push(socket);
    socket.destroy();
  });
  expect(await sendBytes(port, get('/happy'))).toMatch(/ 200 OK/);
  const begin = performance.now();
  expect(await sendBytes(port, get('/happy'))).toBe('');
  expect(performance.now() - begin).toBeGreaterThan(1_400);
  expect(idle).toEqual([state.sockets[1]]);
});
