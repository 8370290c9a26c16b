import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { admittedConnections } from './support/admitted-connections.ts';

/** More than a client's receive buffer takes (`net.ipv4.tcp_rmem`), and less than the send buffer. */
const RESPONSE = Buffer.alloc(200_000, 'x');

/** A server that sends `RESPONSE` and closes. */
async function serve() {
  const options = { host: '127.0.0.1', allowHalfOpen: true };
  const { open, port } = await admittedConnections(options, (socket) => {
    socket.resume().write(RESPONSE);
    socket.destroySoon();
  });
  return { open: () => open({ host: '127.0.0.1' }), port };
}

/** Connections of this port that are closed, and of which the kernel still holds bytes to send. */
function countHeld(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n');
  const held = lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, at = '', , state = '', queue = '']) => {
      // FIN_WAIT1, LAST_ACK, CLOSING.
      const isClosed = ['04', '09', '0B'].includes(state);
      return isClosed && at.endsWith(local) && !queue.startsWith('00000000');
    });
  return held.length;
}

test.each([
  { how: 'do not read', prepare: (client: Socket) => client.pause() },
  { how: 'half-close and do not read', prepare: (client: Socket) => client.pause().end() },
])(
  'Connections counts closed connections whose clients $how, and frees what the kernel holds of them',
  async ({ prepare }) => {
    const { open, port } = await serve();
    for (let i = 0; i < 60; i += 1) {
      const client = open();
      prepare(client);
      await once(client, 'connect');
    }
    await until('the last 50 are closed', 3_000, () => countHeld(port) === 50);
    await until('all are freed', 2_000, () => countHeld(port) === 0);
  },
);

test('Connections lets a client that reads late have the whole response, and then its FIN', {
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
