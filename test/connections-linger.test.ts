import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { admittedConnections } from './support/admitted-connections.ts';
import { unreceived } from './support/unreceived.ts';

/** Exceeds a client's receive buffer (`net.ipv4.tcp_rmem`), but not the send buffer. */
const RESPONSE = Buffer.alloc(200_000, 'x');

/** Less than a segment. */
const SMALL = Buffer.alloc(1_000, 'x');

/** A server that sends `response` and closes; `closed()` counts the connections it has released. */
async function serve(
  response = RESPONSE,
  close = (socket: Socket) => socket.destroySoon(),
  hasManyOrphans = true,
) {
  const options = { host: '127.0.0.1', allowHalfOpen: true, hasManyOrphans };
  let closed = 0;
  const { open, port } = await admittedConnections(options, (socket) => {
    socket.on('close', () => {
      closed += 1;
    });
    socket.resume().write(response);
    close(socket);
  });
  return { open: () => open({ host: '127.0.0.1' }), port, closed: () => closed };
}

test.each([
  { how: 'do not read', prepare: (client: Socket) => client.pause() },
  { how: 'half-close and do not read', prepare: (client: Socket) => client.pause().end() },
])(
  'Connections counts closed connections whose clients $how, and frees what the kernel holds for them',
  async ({ prepare }) => {
    const { open, port } = await serve();
    for (let i = 0; i < 60; i += 1) {
      const client = open();
      prepare(client);
      await once(client, 'connect');
    }
    await until('the last 50 are closed', 3_000, () => unreceived(port, 'closed').length === 50);
    await until('all are freed', 2_000, () => unreceived(port, 'closed').length === 0);
  },
);

test('Connections sends a client that reads late the whole response, and then a FIN', {
  timeout: 10_000,
}, async () => {
  const { open } = await serve();
  const client = open().pause();
  await once(client, 'connect');
  await new Promise((resolve) => setTimeout(resolve, 500));
  let received = 0;
  client.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  client.resume();
  await once(client, 'end');
  expect(received).toBe(RESPONSE.length);
});

test('Connections counts a closed connection until its client has closed as well', async () => {
  const { open, closed } = await serve(SMALL);
  for (let i = 0; i < 60; i += 1) await once(open().resume(), 'end');
  // A client may have 50.
  await until('ten are closed', 500, () => closed() === 10);
  open().resume().end();
  await until('two more are closed', 500, () => closed() === 12);
});

test('Connections does not count a closed connection with a small response while there are few orphans', async () => {
  const { open, closed } = await serve(SMALL, undefined, false);
  for (let i = 0; i < 10; i += 1) await once(open().resume(), 'end');
  await until('all are closed', 500, () => closed() === 10);
});

test('Connections sends a client what was written before the connection was destroyed, and a FIN', async () => {
  const { open } = await serve(SMALL, (socket) => setImmediate(() => socket.destroy()));
  const client = open();
  const chunks: Buffer[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(client, 'end');
  expect(Buffer.concat(chunks)).toEqual(SMALL);
});

test('Connections closes a connection that is replaced while its FIN is pending', async () => {
  let [opened, closed] = [0, 0];
  const { open } = await admittedConnections({ host: '127.0.0.1' }, (socket) => {
    opened += 1;
    socket.on('data', () => socket.end(SMALL)).on('close', () => (closed += 1));
  });
  const [oldest] = Array.from({ length: 50 }, () => open({ host: '127.0.0.1' }));
  await until('a client has as many as it may', 3_000, () => opened === 50);
  // The kernel has both ready for the same turn of the event loop, in this order.
  oldest?.write('a request');
  open({ host: '127.0.0.1' });
  await until('the oldest is closed', 3_000, () => closed === 1);
  expect(opened).toBe(51);
});
