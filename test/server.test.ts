import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../lab/support/until.ts';
import type { Page } from '../src/pages/page.ts';
import { fetchPage, sendBytes, servePages } from './support/served-pages.ts';

const hello: Page = (context) => {
  context.body = 'hello\n';
};

/** The status line of the response to these bytes; empty if there is none. */
async function statusOf(port: number, bytes: string): Promise<string> {
  return (await sendBytes(port, bytes)).split('\r\n', 1)[0] ?? '';
}

/** How long 201 requests take over one connection, each followed by `next`, in milliseconds. */
async function timeOfRequests(port: number, next = async () => {}): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const begin = performance.now();
  for (let i = 0; i <= 200; i += 1) {
    socket.write('GET /hello HTTP/1.1\r\nHost: kubenurse\r\n\r\n');
    await once(socket, 'data');
    await next();
  }
  return performance.now() - begin;
}

function get(target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: kubenurse\r\nConnection: close\r\n\r\n`;
}

/** A request whose head has this many bytes. */
function headOf(bytes: number): string {
  const head = get('/hello').slice(0, -2);
  return `${head}X: ${'x'.repeat(bytes - head.length - 7)}\r\n\r\n`;
}

describe('startServer() responds', () => {
  test('to GET and HEAD of a page', async () => {
    const { port } = await servePages({ '/hello': hello });
    expect(await fetchPage(port, '/hello?x=1')).toMatchObject({ status: 200, body: 'hello\n' });
    const head = await fetchPage(port, '/hello', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: '', headers: { 'content-length': '6' } });
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])(
    'to another method with 405: %s',
    async (method) => {
      const { port, errors } = await servePages({ '/hello': hello });
      const { status, headers } = await fetchPage(port, '/hello', { method });
      expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
      expect(errors).toEqual([]);
    },
  );

  const PATHS = {
    'of the root': '/',
    'that nobody knows': '/other',
    'with a zero byte': '/hello%00',
    'of a zero byte': '/%00',
    'that is not encoded': '/%',
    'that is encoded needlessly': '/hel%6Co',
    'with dots': '/../other',
    'that is an asterisk': '*',
    '/__proto__': '/__proto__',
    '/constructor': '/constructor',
    'of a thousand characters': `/${'a'.repeat(999)}`,
  };

  test.each(Object.entries(PATHS))('to a path %s with 404', async (_, path) => {
    const { port, errors } = await servePages({ '/hello': hello });
    expect(await statusOf(port, get(path))).toBe('HTTP/1.1 404 Not Found');
    expect(errors).toEqual([]);
  });

  test.each([
    ['//hello?x=1', '/hello?x=1'],
    ['///hello', '/hello'],
    ['/hello/', '/hello'],
    ['/hello//?x=//1', '/hello?x=//1'],
    ['/a/../hello/.', '/hello'],
  ])('to an untidy path of a page with 301: %s', async (path, location) => {
    const { port } = await servePages({ '/hello': hello });
    for (const method of ['GET', 'HEAD', 'POST']) {
      const { status, headers } = await fetchPage(port, path, { method });
      expect([method, status, headers.location]).toEqual([method, 301, location]);
    }
  });

  test.each([
    ['an absolute URL by its path', get('http://example.com/hello'), '200 OK'],
    ['an invalid absolute URL', get('http://[::1/hello'), '400 Bad Request'],
    ['a path without slash', get('hello'), '400 Bad Request'],
    ['no path', get(''), '400 Bad Request'],
    ['an unknown method', 'GARBAGE /hello HTTP/1.1\r\n\r\n', '400 Bad Request'],
    ['what is not HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01', '400 Bad Request'],
    ['no Host', 'GET /hello HTTP/1.1\r\n\r\n', '400 Bad Request'],
    [
      'a megabyte of headers',
      `GET /hello HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(1 << 20)}\r\n\r\n`,
      '431 Request Header Fields Too Large',
    ],
    [
      'ten thousand headers',
      `GET /hello HTTP/1.1\r\nHost: a\r\n${'a: b\r\n'.repeat(10_000)}\r\n`,
      '431 Request Header Fields Too Large',
    ],
    ['a head of just under 24 KB', headOf(24 * 1024 - 100), '200 OK'],
    // Node does not count the bytes between names and values.
    ['a head of just over 24 KB', headOf(24 * 1024 + 100), '431 Request Header Fields Too Large'],
  ])('to %s', async (_, bytes, status) => {
    const { port, errors } = await servePages({ '/hello': hello });
    expect(await statusOf(port, bytes)).toBe(`HTTP/1.1 ${status}`);
    expect(errors).toEqual([]);
    expect((await fetchPage(port, '/hello')).status).toBe(200);
  });

  test('to CONNECT by closing the connection', async () => {
    const { port } = await servePages({ '/hello': hello });
    const bytes = 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n';
    expect(await sendBytes(port, bytes)).toBe('');
    expect((await fetchPage(port, '/hello')).status).toBe(200);
  });
});

describe('startServer() when a page fails', () => {
  test.each<[string, Page]>([
    [
      'throws',
      () => {
        throw new Error('no page today');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no page today'))],
  ])('responds with 500 without the error, and reports it: %s', async (_, page) => {
    const { port, errors } = await servePages({ '/page': page, '/hello': hello });
    const { status, body } = await fetchPage(port, '/page');
    expect([status, body]).toEqual([500, 'Internal Server Error']);
    expect(errors).toEqual(['cannot serve a request: no page today']);
    expect((await fetchPage(port, '/hello')).status).toBe(200);
  });

  test('does not report a client that disconnects', async () => {
    const received = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const responded = Promise.withResolvers<void>();
    const large: Page = async (context) => {
      received.resolve();
      context.res.once('close', gone.resolve);
      await gone.promise;
      context.body = 'a'.repeat(1 << 20);
      responded.resolve();
    };
    const { port, errors } = await servePages({ '/large': large, '/hello': hello });
    const socket = connect({ host: '127.0.0.1', port });
    socket.write(get('/large'));
    await received.promise;
    socket.resetAndDestroy();
    await responded.promise;
    expect((await fetchPage(port, '/hello')).status).toBe(200);
    expect(errors).toEqual([]);
  });
});

describe('startServer() and a slow client', () => {
  /** The server behind a page, obtained through a request. */
  async function serverAt(): Promise<{ server: Server; port: number }> {
    const seen = Promise.withResolvers<Server>();
    const { port } = await servePages({
      '/': ({ socket }) => seen.resolve((socket as unknown as { server: Server }).server),
    });
    await fetchPage(port, '/');
    return { server: await seen.promise, port };
  }

  test('gives it 10 s for the head and 20 s for the request', async () => {
    const { server } = await serverAt();
    expect(server).toMatchObject({
      headersTimeout: 10_000,
      requestTimeout: 20_000,
      timeout: 30_000,
    });
  });

  test('keeps its connection between two requests for 120 s, longer than ingress controllers do', async () => {
    const seen = Promise.withResolvers<Socket>();
    const { port } = await servePages({ '/': ({ socket }) => seen.resolve(socket) });
    const socket = connect({ host: '127.0.0.1', port });
    onTestFinished(() => void socket.destroy());
    socket.write('GET / HTTP/1.1\r\nHost: kubenurse\r\n\r\n');
    const [response] = await once(socket, 'data');
    expect(response.toString()).toContain('\r\nKeep-Alive: timeout=120\r\n');
    // Node waits a second longer than it tells the client.
    const served = await seen.promise;
    await until('it waits for another request', 5_000, () => served.timeout === 121_000);
  });

  test('closes the connection of one that does not read its response', async () => {
    const seen = Promise.withResolvers<Socket>();
    const { port } = await servePages({
      '/large': (context) => {
        seen.resolve(context.socket);
        context.body = 'a'.repeat(32 << 20);
      },
      '/timeout': ({ socket }) => {
        (socket as unknown as { server: Server }).server.timeout = 200;
      },
    });
    await fetchPage(port, '/timeout');
    const socket = connect({ host: '127.0.0.1', port });
    onTestFinished(() => void socket.destroy());
    socket.pause().write(get('/large'));
    const served = await seen.promise;
    await until('the connection is closed', 5_000, () => served.destroyed);
  });

  test('closes the connection of one that takes more than 15 s for its response, even while bytes flow', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const seen = Promise.withResolvers<Socket>();
    const { port } = await servePages({
      '/large': (context) => {
        seen.resolve(context.socket);
        context.body = Buffer.alloc(32 << 20);
      },
    });
    const socket = connect({ host: '127.0.0.1', port });
    onTestFinished(() => void socket.destroy());
    socket.pause().write(get('/large'));
    const served = await seen.promise;
    vi.advanceTimersByTime(14_999);
    expect(served.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(served.destroyed).toBe(true);
  });

  test.each([
    ['nothing', ''],
    ['half a head', 'GET / HTTP/1.1\r\nHost: a\r\n'],
  ])('closes the connection of one that sends %s and then no more', async (_, bytes) => {
    const { server, port } = await serverAt();
    server.headersTimeout = 100;
    expect(await statusOf(port, bytes)).toBe('HTTP/1.1 408 Request Timeout');
  });

  test('keeps running when connections cannot be accepted', async () => {
    const { server, port } = await serverAt();
    for (let i = 0; i < 3; i++) server.emit('error', new Error('accept EMFILE'));
    expect((await fetchPage(port, '/')).status).toBe(404);
  });

  test('is not stopped by 300 clients that only connect', async () => {
    const { server, port } = await serverAt();
    const sockets = Array.from({ length: 300 }, () =>
      connect({ host: '127.0.0.1', port }).on('error', () => {}),
    );
    // Most are reset to make room, some of them before they know that they are connected.
    await Promise.allSettled(sockets.map((socket) => once(socket, 'connect')));
    expect((await fetchPage(port, '/')).status).toBe(404);
    for (const socket of sockets) socket.destroy();
    await until('all connections are closed', 5_000, async () => {
      const count = await new Promise((resolve) => server.getConnections((_, n) => resolve(n)));
      return count === 0;
    });
  });

  test('serves at most 250 requests per second to one client', async () => {
    const { port } = await servePages({ '/hello': hello });
    // A hundred windows of 8 ms, except for forty requests at a moderate rate. Node's timers count
    // whole milliseconds, so one may fire up to a millisecond early.
    expect(await timeOfRequests(port)).toBeGreaterThanOrEqual(80 * 7);
  });

  test('counts requests that are served without node:http as well', async () => {
    const raw: Page = { respond: () => ({ status: 200, body: '' }) };
    const { port } = await servePages({ '/hello': hello, '/raw': raw });
    const time = await timeOfRequests(port, async () => {
      expect(await statusOf(port, get('/raw'))).toMatch(/ 200 /);
    });
    // Two hundred windows, two requests in each.
    expect(time).toBeGreaterThanOrEqual(180 * 7);
  });

  test('starts to read at most 250 connections per second of one client', async () => {
    const { port } = await servePages({ '/hello': hello });
    const begin = performance.now();
    // Rejected by the parser, without counting towards the limit of requests.
    for (let i = 0; i <= 200; i += 1) expect(await statusOf(port, 'x\r\n\r\n')).toMatch(/ 400 /);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(80 * 7);
  });

  test('keeps 250 connections, so that their unread responses fit into the memory of the pod', async () => {
    const { port } = await servePages({});
    const sockets = Array.from({ length: 350 }, (_, i) =>
      connect({ host: '127.0.0.1', port, localAddress: `127.0.5.${1 + (i % 20)}` }),
    );
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    for (const socket of sockets) socket.on('error', () => {});
    await until(
      '100 are closed',
      5_000,
      () => sockets.filter(({ closed }) => closed).length === 100,
    );
    expect((await fetchPage(port, '/')).status).toBe(404);
  });
});
