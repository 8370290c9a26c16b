import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { decodeReply, encodeTestPacket } from '../../src/stamp/packets.ts';
import { type Reflector, startReflector } from '../../src/stamp/reflector.ts';

const LIMIT_MS = 5_000;

async function reflector(address?: string): Promise<Reflector> {
  const onError = (error: Error) => expect.fail(error.message);
  const started = await startReflector({ address, port: 0, onError });
  onTestFinished(() => started.close());
  return started;
}

/** A socket on 127.0.0.1, and the packets that it has received. */
async function client(): Promise<{ socket: Socket; port: number; received: Buffer[] }> {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const received: Buffer[] = [];
  socket.on('message', (packet) => received.push(packet));
  return { socket, port: socket.address().port, received };
}

function request(sequence: number, session = 1, length = 44): Buffer {
  return encodeTestPacket({ sequence, session, timestamp: Date.now() / 1000 }, length);
}

test.each([['127.0.0.1'], [undefined]])(
  'the reflector on %s replies with its own count for each session',
  async (address) => {
    const { port } = await reflector(address);
    const { socket, received } = await client();
    for (const packet of [request(7), request(9), request(3, 2)]) {
      socket.send(packet, port, '127.0.0.1');
    }
    await until('three replies', LIMIT_MS, () => received.length === 3);
    const replies = received.map(decodeReply);
    expect(replies.map((reply) => [reply?.senderSequence, reply?.sequence])).toEqual([
      [7, 0],
      [9, 1],
      [3, 0],
    ]);
    for (const reply of replies) {
      expect(reply?.timestamp).toBeGreaterThanOrEqual(reply?.received ?? Infinity);
      expect(Math.abs((reply?.received ?? 0) - Date.now() / 1000)).toBeLessThan(LIMIT_MS / 1000);
    }
  },
);

test('the reflector replies over IPv6', async () => {
  const { port } = await reflector();
  const socket = createSocket('udp6');
  onTestFinished(() => void socket.close());
  socket.send(request(0), port, '::1');
  const [packet] = (await once(socket, 'message')) as [Buffer];
  expect(decodeReply(packet)?.senderSequence).toBe(0);
});

test('a reply is as long as the packet that it replies to', async () => {
  const { port } = await reflector('127.0.0.1');
  const { socket, received } = await client();
  const lengths = [44, 1_472, 9_000];
  for (const length of lengths) socket.send(request(0, 1, length), port, '127.0.0.1');
  await until('three replies', LIMIT_MS, () => received.length === 3);
  expect(received.map(({ length }) => length)).toEqual(lengths);
});

test('the reflector does not reply to anything but packets of a Session-Sender', async () => {
  const { port } = await reflector('127.0.0.1');
  const { socket, received } = await client();
  const noMbz = request(0);
  noMbz.writeUInt8(1, 43);
  const bad = [
    Buffer.alloc(0),
    Buffer.from('x'),
    request(0).subarray(1),
    noMbz,
    request(0, 1, 9_001),
  ];
  for (const packet of [...bad, request(8)]) socket.send(packet, port, '127.0.0.1');
  await until('a reply', LIMIT_MS, () => received.length > 0);
  expect(received.map((packet) => decodeReply(packet)?.senderSequence)).toEqual([8]);
});

test('two reflectors do not reply to each other, nor one to itself', async () => {
  const [first, second] = await Promise.all([client(), reflector('127.0.0.1')]);
  // The second one's reply, which it would also receive from a first one whose address is spoofed.
  first.socket.send(request(0), second.port, '127.0.0.1');
  await until('a reply', LIMIT_MS, () => first.received.length > 0);
  const [reply] = first.received;
  first.socket.send(reply as Buffer, second.port, '127.0.0.1');
  first.socket.send(request(5), second.port, '127.0.0.1');
  await until('another reply', LIMIT_MS, () => first.received.length > 1);
  expect(first.received.map((packet) => decodeReply(packet)?.senderSequence)).toEqual([0, 5]);
});

test('the reflector replies no more than 400 times to a thousand packets within two seconds', async () => {
  const { port } = await reflector('127.0.0.1');
  const [flood, other] = await Promise.all([client(), client()]);
  for (let i = 0; i < 1_000; i++) {
    await new Promise((sent) => flood.socket.send(request(i, i), port, '127.0.0.1', sent));
  }
  const begun = performance.now();
  // The address is the same, so this client has to wait for the next second.
  await until('a reply to another', LIMIT_MS, () => {
    other.socket.send(request(0), port, '127.0.0.1');
    return other.received.length > 0;
  });
  expect(performance.now() - begun).toBeLessThan(LIMIT_MS);
  expect(flood.received.length).toBeGreaterThanOrEqual(200);
  expect(flood.received.length).toBeLessThanOrEqual(400);
});
