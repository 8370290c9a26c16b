import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { startPush } from './started-push.ts';

/** Starts a receiver that responds with the current `body`, until the test has finished. */
async function startReceiver(contentType: string, reply: { body: Buffer }): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('Content-Type', contentType);
      response.end(reply.body);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json = (partialSuccess: object) => Buffer.from(JSON.stringify({ partialSuccess }));

/**
 * ExportMetricsServiceResponse: field 1 partial_success with 1 rejected_data_points (varint) and 2
 * error_message.
 */
const protobuf = Buffer.from([0x0a, 9, 0x08, 3, 0x12, 5, ...Buffer.from('too \x1b')]);

test.each([
  ['http/json', 'application/json', json({ rejectedDataPoints: '3', errorMessage: 'too \x1b' })],
  ['http/json', 'application/json', json({ rejectedDataPoints: 3, errorMessage: 'too \x1b' })],
  ['http/protobuf', 'application/x-protobuf', protobuf],
])('rejected data points are a failed export, and recover (%s)', async (protocol, type, body) => {
  const reply = { body };
  const push = await startPush({
    OTEL_EXPORTER_OTLP_ENDPOINT: await startReceiver(type, reply),
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
  });
  await until('two exports have failed', 5_000, () => push.failures.length >= 2);
  expect(push.failures.map(({ message }) => message)).toContain(
    'the receiver rejected 3 data points: too \x1b',
  );
  expect(push.failures.map(({ first }) => first).slice(0, 2)).toEqual([true, false]);
  reply.body = Buffer.alloc(0);
  await until('it has recovered', 5_000, () => push.recoveries.length > 0);
});

test('advice from a receiver that rejects nothing is not a failure', async () => {
  const reply = { body: json({ errorMessage: 'use gzip' }) };
  const push = await startPush({
    OTEL_EXPORTER_OTLP_ENDPOINT: await startReceiver('application/json', reply),
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  });
  await until('five exports are begun', 5_000, () => push.begun.length >= 5);
  expect(push.failures).toEqual([]);
});
