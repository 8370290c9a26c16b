import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import type { Page } from '../src/pages/page.ts';
import { servePages } from './support/served-pages.ts';

const BODY = Buffer.alloc(200_000, 'x');
/** More than the receive buffer of the client takes: up to 32 MiB (`net.ipv4.tcp_rmem`), by default 6 MiB. */
const ENDLESS = Buffer.alloc(64 * 1024 * 1024, 'x');

const page =
  (body: Buffer): Page =>
  (context) => {
    context.body = body;
  };

const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: kubenurse\r\n\r\n`;

/** What a send buffer of 128 KB may hold, with the segment that exceeds it. */
const MAX_HELD = 192 * 1024;

/** Payload in bytes that the kernel holds of the server's connections, as sent or to send. */
function heldOf(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, at = '', , state = '']) => at.endsWith(local) && state === '01')
    .reduce(
      (sum, [, , , , queues = '']) => sum + Number.parseInt(queues.split(':')[0] ?? '', 16),
      0,
    );
}

/** Resolves when so many bytes have come. */
async function receive(client: Socket, bytes: number): Promise<void> {
  let received = 0;
  client.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  await until('the response is read', 5_000, () => received >= bytes);
}

test('a connection that does not read its response takes a bounded part of the kernel', async () => {
  const { port, errors } = await servePages({
    '/large': page(BODY),
    '/endless': page(ENDLESS),
  });
  const client = connect(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => {
    client.destroy();
  });
  await once(client, 'connect');
  // The kernel lets a send buffer grow once it has seen a client that reads.
  for (let i = 1; i <= 5; i += 1) {
    client.write(request('/large'));
    await receive(client, BODY.length);
  }
  client.pause();
  // One request: a second one before the response has been taken would end the connection.
  client.write(request('/endless'));
  const held: number[] = [];
  await until(
    'the kernel holds some of the response, seen 20 times',
    5_000,
    () => {
      const now = heldOf(port);
      if (now > 0) held.push(now);
      return held.length >= 20;
    },
    50,
  );
  expect(Math.max(...held)).toBeLessThan(MAX_HELD);
  expect(errors).toEqual([]);
});
