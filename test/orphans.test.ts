import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { createOrphanLook } from '../src/orphans.ts';

/** Exceeds a client's receive buffer (`net.ipv4.tcp_rmem`), but not the send buffer. */
const RESPONSE = Buffer.alloc(200_000, 'x');

test('closed connections that still have data to send are many from the 101st on', async () => {
  const hasManyOrphans = createOrphanLook(0);
  expect(hasManyOrphans()).toBe(false);
  const clients: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {}).write(RESPONSE, () => socket.destroy());
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    for (const client of clients) client.resetAndDestroy();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (let i = 0; i <= 100; i++) clients.push(connect(port, '127.0.0.1').pause());
  await until('these are many', 5_000, hasManyOrphans);
  for (const client of clients) client.resetAndDestroy();
  await until('they have ended', 5_000, () => !hasManyOrphans());
});
