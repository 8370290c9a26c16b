import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import type { Backend } from '../parts/parts.ts';
import { until } from '../support/until.ts';
import { TcpProxy } from './tcp-proxy.ts';

let stack = new AsyncDisposableStack();
afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});

/** Sends its name, then echoes what it receives. */
async function startEcho(name: string): Promise<Backend> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write(name);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

async function startProxy(backends: () => readonly Backend[]): Promise<TcpProxy> {
  const proxy = await TcpProxy.start({ address: '127.0.0.1', port: 0, backends });
  stack.defer(() => proxy.close());
  return proxy;
}

async function open(proxy: TcpProxy): Promise<Socket> {
  const socket = connect({ host: proxy.address, port: proxy.port });
  stack.defer(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Sends the whole message, and reads to the end. */
function exchange(socket: Socket, message: string): Promise<string> {
  socket.end(message);
  return text(socket);
}

test('TcpProxy passes on requests and responses, and both ends', async () => {
  const echo = await startEcho('a:');
  const proxy = await startProxy(() => [echo]);

  expect(await exchange(await open(proxy), 'question')).toBe('a:question');
});

test('TcpProxy passes on more than a socket holds, in its order', async () => {
  const echo = await startEcho('');
  const proxy = await startProxy(() => [echo]);
  const much = Array.from({ length: 500_000 }, (_, index) => `${index},`).join('');

  expect(await exchange(await open(proxy), much)).toBe(much);
});

test('TcpProxy takes its backends in turn, those that there are at the moment', async () => {
  const [a, b] = [await startEcho('a'), await startEcho('b')];
  let backends = [a, b];
  const proxy = await startProxy(() => backends);
  const exchangeOnce = async () => exchange(await open(proxy), '');

  expect([await exchangeOnce(), await exchangeOnce(), await exchangeOnce()]).toEqual([
    'a',
    'b',
    'a',
  ]);
  backends = [b];
  expect([await exchangeOnce(), await exchangeOnce()]).toEqual(['b', 'b']);
});

test('TcpProxy resets a connection for which there is no backend, or whose backend refuses', async () => {
  let backends: Backend[] = [];
  const proxy = await startProxy(() => backends);

  const exchangeOnce = async () => exchange(await open(proxy), 'question');
  await expect(exchangeOnce()).rejects.toMatchObject({ code: 'ECONNRESET' });
  backends = [{ address: '127.0.0.1', port: 1 }];
  await expect(exchangeOnce()).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('TcpProxy that is down refuses, cuts what is open, and listens again when healed', async () => {
  const echo = await startEcho('a');
  const proxy = await startProxy(() => [echo]);
  const before = await open(proxy);
  await once(before, 'data');
  const cut = once(before, 'close');

  await proxy.break({ kind: 'down' });
  await cut.catch((error) => expect(error).toMatchObject({ code: 'ECONNRESET' }));
  await expect(open(proxy)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.break(undefined);
  expect(await exchange(await open(proxy), '')).toBe('a');
});

test('TcpProxy that resets accepts, and resets at the first bytes, also what was open', async () => {
  const echo = await startEcho('a');
  const proxy = await startProxy(() => [echo]);
  const before = await open(proxy);
  before.write('question');
  await once(before, 'data');
  const received = text(before);
  await proxy.break({ kind: 'reset' });

  await expect(received).rejects.toMatchObject({ code: 'ECONNRESET' });
  const socket = await open(proxy);
  await expect(exchange(socket, 'question')).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('TcpProxy that hangs accepts and passes nothing, until it is healed', async () => {
  const echo = await startEcho('a:');
  const proxy = await startProxy(() => [echo]);
  const before = await open(proxy);
  await once(before, 'data');
  await proxy.break({ kind: 'hang' });
  const during = await open(proxy);
  let reported = '';
  for (const socket of [before, during]) {
    socket.on('data', (bytes) => (reported += bytes));
    socket.write('question');
  }
  // A connection opened during the hang gets no response earlier.
  await expect(until('a response', 20, () => reported !== '')).rejects.toThrow('not within');

  await proxy.break(undefined);
  await until('both responses', 1_000, () => reported.length === 'question'.length * 2 + 2);
  expect(proxy.connectionsTo(echo.address)).toBe(2);
});

test('TcpProxy that is slow delays each response, keeps their order, and stops delaying when healed', async () => {
  const echo = await startEcho('');
  const proxy = await startProxy(() => [echo]);
  const socket = await open(proxy);
  await proxy.break({ kind: 'slow', milliseconds: 80 });

  const start = performance.now();
  socket.write('1');
  await once(socket, 'data');
  expect(performance.now() - start).toBeGreaterThan(79);

  await proxy.break({ kind: 'slow', milliseconds: 60_000 });
  socket.write('2');
  await proxy.break({ kind: 'slow', milliseconds: 60 });
  socket.write('3');
  await proxy.break(undefined);
  expect(await exchange(socket, '4')).toBe('234');
});

test('TcpProxy reads no further than a bound while it holds bytes back', async () => {
  const echo = await startEcho('');
  const proxy = await startProxy(() => [echo]);
  await proxy.break({ kind: 'hang' });
  const socket = await open(proxy);
  const much = Buffer.alloc(64 << 20);
  let taken = false;
  socket.write(much, () => {
    taken = true;
  });

  await expect(until('all is taken', 50, () => taken)).rejects.toThrow('not within');
  await proxy.break(undefined);
  let received = 0;
  socket.on('data', (bytes) => (received += bytes.length));
  await until('all is back', 10_000, () => received === much.length);
});

test('TcpProxy counts the connections to a backend until they are closed', async () => {
  const echo = await startEcho('a');
  const proxy = await startProxy(() => [echo]);
  const socket = await open(proxy);
  await once(socket, 'data');

  expect(proxy.connectionsTo(echo.address)).toBe(1);
  expect(proxy.connectionsTo('127.0.0.9')).toBe(0);
  socket.destroy();
  await until('it is closed', 1_000, () => proxy.connectionsTo(echo.address) === 0);
});

test('TcpProxy.close() cuts what is open, also while it hangs', async () => {
  const echo = await startEcho('a');
  const proxy = await startProxy(() => [echo]);
  await proxy.break({ kind: 'hang' });
  const socket = await open(proxy);
  const received = exchange(socket, '');

  await proxy.close();
  await expect(received).rejects.toMatchObject({ code: 'ECONNRESET' });
  await expect(open(proxy)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
