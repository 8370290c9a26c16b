import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkUrl, failed, serving } from './check-once.ts';

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const settings = frame(4, 0, 0, Buffer.alloc(0));
const literalField = Buffer.concat([
  Buffer.from([0, 1]),
  Buffer.from('a'),
  Buffer.from([1]),
  Buffer.from('b'),
]);

/**
 * A server that, once it receives a request, sends `first`, then `repeated` endlessly, `times` per
 * write, until the test has finished.
 */
async function startFlood(first: Buffer, repeated: Buffer, times: number): Promise<URL> {
  const server = createServer({
    cert: serving.certificate,
    key: serving.key,
    noDelay: true,
    ALPNProtocols: ['h2'],
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {});
    const many = Buffer.alloc(repeated.length * times, repeated);
    const more = () => {
      while (!socket.destroyed && socket.write(many));
    };
    socket.once('data', () => {
      socket.write(Buffer.concat([settings, first]));
      socket.on('drain', more);
      setTimeout(more, 50);
    });
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return new URL(`https://127.0.0.1:${port}/`);
}

describe('httpProbe() ends an HTTP/2 connection with an endless flood of', () => {
  test.each<[string, Buffer, Buffer?]>([
    ['PING', frame(6, 0, 0, Buffer.alloc(8))],
    ['acknowledged PING', frame(6, 1, 0, Buffer.alloc(8))],
    ['SETTINGS', settings],
    ['PRIORITY', frame(2, 0, 1, Buffer.from([0, 0, 0, 0, 1]))],
    ['WINDOW_UPDATE', frame(8, 0, 0, Buffer.from([0, 0, 0, 1]))],
    ['frames of an unknown type', frame(99, 0, 0, Buffer.alloc(100))],
    ['CONTINUATION', frame(9, 0, 1, literalField), frame(1, 0, 1, Buffer.from([0x88]))],
    [
      'HEADERS of status 103',
      frame(1, 4, 1, Buffer.concat([Buffer.from([8, 3]), Buffer.from('103')])),
    ],
    ['DATA before HEADERS', frame(0, 0, 1, Buffer.alloc(1_000))],
    ['RST_STREAM of streams that do not exist', frame(3, 0, 7, Buffer.from([0, 0, 0, 1]))],
    ['GOAWAY', frame(7, 0, 0, Buffer.from([0, 0, 0, 1, 0, 0, 0, 0]))],
  ])('%s', async (_, repeated, first = Buffer.alloc(0)) => {
    const url = await startFlood(first, repeated, 1_000);

    const began = performance.now();
    const outcome = await checkUrl(url);

    expect(failed(outcome).phase).toBe('response');
    // Not after the 8 s of a check here.
    expect(performance.now() - began).toBeLessThan(7_000);
  });
});

test('httpProbe() accepts a response over HTTP/2 whose body has no end', async () => {
  const url = await startFlood(
    frame(1, 4, 1, Buffer.from([0x88])),
    frame(0, 0, 1, Buffer.alloc(1_000)),
    100,
  );

  expect(await checkUrl(url)).toMatchObject({ kind: 'ok' });
});
