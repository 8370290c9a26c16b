import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { UdpForwarder } from './udp-forwarder.ts';

async function bound(): Promise<{ socket: Socket; at: { address: string; port: number } }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void socket.close());
  await once(socket, 'listening');
  return { socket, at: { address: '127.0.0.1', port: socket.address().port } };
}

async function echoBehind(): Promise<{
  forwarder: UdpForwarder;
  port: number;
  seen: Set<number>;
}> {
  const { socket, at } = await bound();
  const seen = new Set<number>();
  socket.on('message', (packet, { port, address }) => {
    seen.add(port);
    socket.send(packet, port, address);
  });
  const free = createSocket('udp4').bind(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  await once(free, 'close');
  const forwarder = await UdpForwarder.start({ address: '127.0.0.1', port }, at);
  onTestFinished(() => forwarder.close());
  return { forwarder, port, seen };
}

/** The reply to a packet, the code of an error, or `silence` after 300 ms. */
async function send(port: number): Promise<string> {
  const client = createSocket('udp4');
  client.connect(port, '127.0.0.1');
  await once(client, 'connect');
  try {
    client.send('a packet');
    const [packet] = await once(client, 'message', { signal: AbortSignal.timeout(300) });
    return `${packet}`;
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    return name === 'AbortError' ? 'silence' : `${code}`;
  } finally {
    client.close();
  }
}

test('UdpForwarder passes packets and replies on, each client from its own port', async () => {
  const { port, seen } = await echoBehind();
  expect(await Promise.all([send(port), send(port)])).toEqual(['a packet', 'a packet']);
  expect(seen.size).toBe(2);
});

test('UdpForwarder.break() closes its port, loses packets or delays replies, and heals', async () => {
  const { forwarder, port } = await echoBehind();
  for (const kind of ['down', 'hang', 'reset'] as const) {
    await forwarder.break({ kind });
    expect(await send(port)).toBe(kind === 'hang' ? 'silence' : 'ECONNREFUSED');
  }
  await forwarder.break({ kind: 'slow', milliseconds: 100 });
  const begin = performance.now();
  expect(await send(port)).toBe('a packet');
  expect(performance.now() - begin).toBeGreaterThan(99);
  await forwarder.break(undefined);
  expect(await send(port)).toBe('a packet');
});
