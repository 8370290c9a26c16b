import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import type { Connection } from '../../src/probes/connection.ts';
import { IdleConnections } from '../../src/probes/idle-connections.ts';
import { ScriptedServer } from '../support/scripted-server.ts';

async function connectionTo(server: ScriptedServer): Promise<Connection> {
  const socket = connect(server.port, server.host);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  await until('the server has accepted', 2_000, () => server.open.size > 0);
  socket.on('error', () => {}).resume();
  return { socket, transport: socket, verified: false, isHttp2: false };
}

test('IdleConnections returns a kept connection once, and only for its origin', async () => {
  const connection = await connectionTo(await ScriptedServer.start());
  const idle = new IdleConnections();

  idle.keep('http://a.test', connection);

  expect(idle.take('http://b.test')).toBeUndefined();
  expect(idle.take('http://a.test')).toBe(connection);
  expect(idle.take('http://a.test')).toBeUndefined();
});

test('IdleConnections closes a second one of the same origin', async () => {
  const server = await ScriptedServer.start();
  const [first, second] = [await connectionTo(server), await connectionTo(server)];
  const idle = new IdleConnections();

  idle.keep('http://a.test', first);
  idle.keep('http://a.test', second);

  await until('the second is closed', 2_000, () => second.socket.destroyed);
  expect(idle.take('http://a.test')).toBe(first);
  expect(first.socket.destroyed).toBe(false);
});

test.each([
  { what: 'the other side has closed', end: (server: ScriptedServer) => each(server, 'end') },
  { what: 'the other side has reset', end: (server: ScriptedServer) => each(server, 'reset') },
  { what: 'said something unasked', end: (server: ScriptedServer) => each(server, 'speak') },
  {
    what: 'nobody has used for a time',
    end: (_: ScriptedServer, { socket }: Connection) => socket.emit('timeout'),
  },
])('IdleConnections closes and forgets a connection that $what', async ({ end }) => {
  const server = await ScriptedServer.start();
  const connection = await connectionTo(server);
  const idle = new IdleConnections();
  idle.keep('http://a.test', connection);

  end(server, connection);

  await until('it is closed', 2_000, () => connection.socket.destroyed);
  await until('it is closed for the server too', 2_000, () => server.open.size === 0);
  expect(idle.take('http://a.test')).toBeUndefined();
});

function each(server: ScriptedServer, act: 'end' | 'reset' | 'speak'): void {
  for (const socket of server.open) {
    if (act === 'end') socket.end();
    else if (act === 'reset') socket.resetAndDestroy();
    else socket.write('HTTP/1.1 408 Request Timeout\r\n\r\n');
  }
}

test('IdleConnections keeps a connection for 90 s, and removes the limit when it is taken', async () => {
  const connection = await connectionTo(await ScriptedServer.start());
  const idle = new IdleConnections();
  const events = () =>
    connection.socket.eventNames().map((name) => [name, connection.socket.listenerCount(name)]);
  const before = events();

  idle.keep('http://a.test', connection);
  expect(connection.socket.timeout).toBe(90_000);

  idle.take('http://a.test');
  expect(connection.socket.timeout).toBe(0);
  expect(events()).toEqual(before);
});

test('IdleConnections.close() closes kept connections, but not those in use', async () => {
  const server = await ScriptedServer.start();
  const kept = [await connectionTo(server), await connectionTo(server)];
  const inUse = await connectionTo(server);
  const idle = new IdleConnections();
  kept.forEach((connection, nth) => {
    idle.keep(`http://${nth}.test`, connection);
  });
  idle.keep('http://in-use.test', inUse);
  idle.take('http://in-use.test');

  idle.close();

  await until('they are closed', 2_000, () => server.open.size === 1);
  expect([...kept, inUse].map(({ socket }) => socket.destroyed)).toEqual([true, true, false]);
  expect(idle.take('http://0.test')).toBeUndefined();
});
