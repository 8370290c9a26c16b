import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { Connections, clientOf } from '../src/connections.ts';
import { RateLimiter } from '../src/rate-limiter.ts';
import { createSocketLimits } from '../src/socket-limits.ts';
import { admittedConnections } from './support/admitted-connections.ts';

const calls = { ...(await createSocketLimits()), hasManyOrphans: () => false };

/** A server that listens on all addresses. */
async function serve() {
  let served = 0;
  const { open } = await admittedConnections({ host: '::' }, () => {
    served += 1;
  });
  /** Opens this many connections from this address; `open()` returns whether each is still open. */
  const connectFrom = async (localAddress: string, count: number) => {
    const host = localAddress.includes(':') ? '::1' : '127.0.0.1';
    const before = served;
    const own: Socket[] = [];
    for (let i = 0; i < count; i += 1) {
      const client = open({ host, localAddress });
      own.push(client);
      await once(client, 'connect');
    }
    await until('all are accepted', 10_000, () => served === before + count);
    return { open: () => own.map((client) => !client.destroyed && client.readyState === 'open') };
  };
  return { connectFrom };
}

const countOpen = ({ open }: { open: () => boolean[] }) => open().filter(Boolean).length;

test('Connections closes the oldest connection of a client that has 50, and no other', async () => {
  const { connectFrom } = await serve();
  const other = await connectFrom('127.0.0.3', 10);
  const old = await connectFrom('127.0.0.2', 50);
  expect([countOpen(old), countOpen(other)]).toEqual([50, 10]);
  const late = await connectFrom('127.0.0.2', 3);
  await until('three are closed', 5_000, () => countOpen(old) === 47);
  expect(old.open().slice(0, 3)).toEqual([false, false, false]);
  expect([countOpen(late), countOpen(other)]).toEqual([3, 10]);
});

test('Connections limits a client over IPv6 like one over IPv4', async () => {
  const { connectFrom } = await serve();
  const other = await connectFrom('127.0.0.2', 10);
  const old = await connectFrom('::1', 50);
  await connectFrom('::1', 3);
  await until('three are closed', 5_000, () => countOpen(old) === 47);
  expect(countOpen(other)).toBe(10);
});

test.each([
  ['127.0.0.2', '127.0.0.2'],
  ['::ffff:127.0.0.2', '127.0.0.2'],
  ['::1', '::1'],
  // Addresses of the same /64 are separate clients: it may cover a whole node (docs/threats.md).
  ['fd00::1', 'fd00::1'],
])('clientOf() takes %s for the client %s', (remoteAddress, client) => {
  expect(clientOf({ remoteAddress })).toBe(client);
});

test('Connections at its limit of 2,000 closes the oldest connection of the largest client for a small one', async () => {
  const { connectFrom } = await serve();
  const few = await connectFrom('127.0.3.1', 10);
  const many: Awaited<ReturnType<typeof connectFrom>>[] = [];
  for (let i = 1; i <= 40; i += 1) many.push(await connectFrom(`127.0.2.${i}`, i === 40 ? 40 : 50));
  const open = () => many.reduce((sum, each) => sum + countOpen(each), 0);
  expect(open()).toBe(1_990);
  const newcomer = await connectFrom('127.0.4.1', 5);
  await until('five are closed', 5_000, () => open() === 1_985);
  expect([countOpen(newcomer), countOpen(few)]).toEqual([5, 10]);
});

test('Connections has room again when connections have closed', async () => {
  const { connectFrom } = await serve();
  for (let round = 0; round < 3; round += 1) {
    const clients = await connectFrom('::1', 50);
    expect(countOpen(clients)).toBe(50);
  }
});

test('Connections accepts all waiting connections in few turns of the event loop', async () => {
  let turn = 0;
  const turns: number[] = [];
  const { open } = await admittedConnections(
    {
      host: '127.0.0.1',
      filterFloods: () => () => {
        turns.push(turn);
        return false;
      },
    },
    () => {},
  );
  for (let i = 0; i < 130; i += 1) open({ host: '127.0.0.1' });
  const count = () => {
    turn += 1;
    if (turns.length < 130) setImmediate(count);
  };
  count();
  await until('all are accepted', 5_000, () => turns.length === 130);
  const perTurn = Object.values(Object.groupBy(turns, (each) => each)).map((each) => each?.length);
  expect(perTurn).toEqual([64, 64, 2]);
});

test('Connections neither reads from a connection nor creates a socket for it before its turn', async () => {
  const connections = new Connections(2_000, calls, () => () => false);
  const served: Socket[] = [];
  const server = createServer((socket) => served.push(socket.resume())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  connections.admitTo(server, new RateLimiter({ window: 500, budget: 1, burst: 1 }));
  const { port } = server.address() as { port: number };
  const clients = [1, 2].map(() => connect({ host: '127.0.0.1', port }).on('error', () => {}));
  onTestFinished(() => {
    for (const client of clients) client.destroy();
    connections.destroyAll();
    server.close();
  });
  for (const client of clients) client.write('x'.repeat(1_000_000));
  await until('the first is read', 5_000, () => served[0]?.bytesRead === 1_000_000);
  // Both are accepted, but only connections with a socket of Node are counted.
  expect(await promisify(server.getConnections).call(server)).toBe(1);
  await until('the second is read', 5_000, () => served[1]?.bytesRead === 1_000_000);
});

test('Connections closes waiting connections: the oldest of a client that has 50, and all of them at the end', async () => {
  const connections = new Connections(2_000, calls, () => () => false);
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  connections.admitTo(server, new RateLimiter({ window: 60_000, budget: 1, burst: 1 }));
  const { port } = server.address() as { port: number };
  const errors: string[] = [];
  const clients = Array.from({ length: 52 }, () =>
    connect({ host: '127.0.0.1', port }).on('error', ({ code }: NodeJS.ErrnoException) =>
      errors.push(code ?? ''),
    ),
  );
  onTestFinished(() => {
    for (const client of clients) client.destroy();
    connections.destroyAll();
    server.close();
  });
  const countClosed = () => clients.filter(({ closed }) => closed).length;
  await until('two are closed', 5_000, () => countClosed() === 2);
  expect(clients.slice(0, 2).every(({ closed }) => closed)).toBe(true);
  // The served one and the first waiting one: the kernel would retransmit an unacknowledged FIN.
  expect(errors).toEqual(['ECONNRESET', 'ECONNRESET']);
  connections.destroyAll();
  await until('all are closed', 5_000, () => countClosed() === 52);
});
