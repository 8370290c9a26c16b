import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import type { Backend } from '../parts/parts.ts';
import { until } from '../support/until.ts';
import { Wire } from './wire.ts';

let stack = new AsyncDisposableStack();
afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});

/** Says its name, then gives back what it is sent. */
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

async function startWire(backends: () => readonly Backend[]): Promise<Wire> {
  const wire = await Wire.start({ address: '127.0.0.1', port: 0, backends });
  stack.defer(() => wire.close());
  return wire;
}

async function open(wire: Wire): Promise<Socket> {
  const socket = connect({ host: wire.address, port: wire.port });
  stack.defer(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Sends all of it, and reads to the end. */
function exchange(socket: Socket, message: string): Promise<string> {
  socket.end(message);
  return text(socket);
}

test('Wire passes on what is sent and what is answered, and both ends', async () => {
  const echo = await startEcho('a:');
  const wire = await startWire(() => [echo]);

  expect(await exchange(await open(wire), 'question')).toBe('a:question');
});

test('Wire passes on more than a socket holds, in its order', async () => {
  const echo = await startEcho('');
  const wire = await startWire(() => [echo]);
  const much = Array.from({ length: 500_000 }, (_, index) => `${index},`).join('');

  expect(await exchange(await open(wire), much)).toBe(much);
});

test('Wire takes its backends in turn, those that there are at the moment', async () => {
  const [a, b] = [await startEcho('a'), await startEcho('b')];
  let backends = [a, b];
  const wire = await startWire(() => backends);
  const ask = async () => exchange(await open(wire), '');

  expect([await ask(), await ask(), await ask()]).toEqual(['a', 'b', 'a']);
  backends = [b];
  expect([await ask(), await ask()]).toEqual(['b', 'b']);
});

test('Wire resets a connection for which there is no backend, or whose backend refuses', async () => {
  let backends: Backend[] = [];
  const wire = await startWire(() => backends);

  const ask = async () => exchange(await open(wire), 'question');
  await expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET' });
  backends = [{ address: '127.0.0.1', port: 1 }];
  await expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('Wire that is down refuses, cuts what is open, and listens again when healed', async () => {
  const echo = await startEcho('a');
  const wire = await startWire(() => [echo]);
  const before = await open(wire);
  await once(before, 'data');
  const cut = once(before, 'close');

  await wire.break({ kind: 'down' });
  await cut.catch((error) => expect(error).toMatchObject({ code: 'ECONNRESET' }));
  await expect(open(wire)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await wire.break(undefined);
  expect(await exchange(await open(wire), '')).toBe('a');
});

test('Wire that resets accepts, and resets at the first bytes, also what was open', async () => {
  const echo = await startEcho('a');
  const wire = await startWire(() => [echo]);
  const before = await open(wire);
  before.write('question');
  await once(before, 'data');
  const answer = text(before);
  await wire.break({ kind: 'reset' });

  await expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
  const socket = await open(wire);
  await expect(exchange(socket, 'question')).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('Wire that hangs accepts and passes nothing, until it is healed', async () => {
  const echo = await startEcho('a:');
  const wire = await startWire(() => [echo]);
  const before = await open(wire);
  await once(before, 'data');
  await wire.break({ kind: 'hang' });
  const during = await open(wire);
  let heard = '';
  for (const socket of [before, during]) {
    socket.on('data', (bytes) => (heard += bytes));
    socket.write('question');
  }
  // Whoever comes later is not heard earlier.
  await expect(until('an answer', 20, () => heard !== '')).rejects.toThrow('not within');

  await wire.break(undefined);
  await until('both answers', 1_000, () => heard.length === 'question'.length * 2 + 2);
  expect(wire.connectionsTo(echo.address)).toBe(2);
});

test('Wire that is slow delays each answer, keeps their order, and answers at once when healed', async () => {
  const echo = await startEcho('');
  const wire = await startWire(() => [echo]);
  const socket = await open(wire);
  await wire.break({ kind: 'slow', milliseconds: 80 });

  const start = performance.now();
  socket.write('1');
  await once(socket, 'data');
  expect(performance.now() - start).toBeGreaterThan(79);

  await wire.break({ kind: 'slow', milliseconds: 60_000 });
  socket.write('2');
  await wire.break({ kind: 'slow', milliseconds: 60 });
  socket.write('3');
  await wire.break(undefined);
  expect(await exchange(socket, '4')).toBe('234');
});

test('Wire reads no further than a bound while it holds bytes back', async () => {
  const echo = await startEcho('');
  const wire = await startWire(() => [echo]);
  await wire.break({ kind: 'hang' });
  const socket = await open(wire);
  const much = Buffer.alloc(64 << 20);
  let taken = false;
  socket.write(much, () => {
    taken = true;
  });

  await expect(until('all is taken', 50, () => taken)).rejects.toThrow('not within');
  await wire.break(undefined);
  let received = 0;
  socket.on('data', (bytes) => (received += bytes.length));
  await until('all is back', 10_000, () => received === much.length);
});

test('Wire counts the connections to a backend until they are closed', async () => {
  const echo = await startEcho('a');
  const wire = await startWire(() => [echo]);
  const socket = await open(wire);
  await once(socket, 'data');

  expect(wire.connectionsTo(echo.address)).toBe(1);
  expect(wire.connectionsTo('127.0.0.9')).toBe(0);
  socket.destroy();
  await until('it is closed', 1_000, () => wire.connectionsTo(echo.address) === 0);
});

test('Wire.close() cuts what is open, also while it hangs', async () => {
  const echo = await startEcho('a');
  const wire = await startWire(() => [echo]);
  await wire.break({ kind: 'hang' });
  const socket = await open(wire);
  const answer = exchange(socket, '');

  await wire.close();
  await expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
  await expect(open(wire)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
