import { setTimeout as sleep } from 'node:timers/promises';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { expect, onTestFinished, test } from 'vitest';
import { PushReader } from '../../exporters/push.ts';
import { until } from '../../lab/support/until.ts';
import { closedPort } from '../support/closed-port.ts';
import { collectGarbage } from '../support/garbage.ts';
import { PushCollector, respond, say } from '../support/push-collector.ts';
import { pourInto } from '../support/scripted-server.ts';
import { startPush } from './started-push.ts';

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/**
 * In bytes. Once the code is warm the heap does not grow; keeping one set of metrics for each
 * export would take twice as much.
 */
const MAX_GROWTH = 2 ** 19;

test('the push keeps nothing of thousands of failed exports', async () => {
  const port = await closedPort('127.0.0.1');
  const push = await startPush(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: '50',
    },
    { interval: 1 },
  );
  // What the test itself records about them is not a leak.
  const failed = async (exports: number) => {
    await until(`${exports} failures`, 10_000, () => push.failures.length >= exports);
    push.failures.length = 0;
  };
  await failed(1_000);
  const before = heapUsed();
  await failed(2_000);
  await until('what failed is forgotten', 5_000, () => heapUsed() - before < MAX_GROWTH);
});

test.each<[string, number]>([
  ['hangs', 0],
  ['responds with 503', 503],
])('the push ends within the limit of its shutdown if a collector %s', async (_, status) => {
  const collector = await PushCollector.start();
  collector.behaviour = status === 0 ? () => {} : respond(`${status} Away`);
  const push = await startPush({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  await until('a push has come', 5_000, () => collector.pushes.length > 0);
  const begun = performance.now();
  await push.shutdown(300);
  // Without waiting for the 10 s of an export.
  expect(performance.now() - begun).toBeLessThan(8_000);
});

test('the push sends a last time at shutdown', async () => {
  const collector = await PushCollector.start();
  const push = await startPush(
    { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    { interval: 3_600_000 },
  );
  await push.shutdown(2_000);
  expect(collector.pushes).toHaveLength(1);
});

test('the push treats 200 as success, whatever its body contains', async () => {
  const collector = await PushCollector.start();
  collector.behaviour = say('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\0\xff\x80{<!"');
  const push = await startPush({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  await until('three pushes have come', 5_000, () => collector.pushes.length >= 3);
  expect(push.failures).toEqual([]);
});

test.each([
  ['200 OK', 'http/json'],
  ['200 OK', 'http/protobuf'],
  ['400 Bad Request', 'http/protobuf'],
])(
  'a response that does not end fails the push, and nothing else (%s, %s)',
  async (status, protocol) => {
    const collector = await PushCollector.start();
    collector.behaviour = (socket) => {
      socket.write(`HTTP/1.1 ${status}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      pourInto(socket, `1000\r\n${'{},{},{}'.repeat(512)}\r\n`);
    };
    const push = await startPush({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    });
    await until('an export has failed', 5_000, () => push.failures.length > 0);
    expect(push.failures[0]?.message).toBe('the response exceeds 65536 bytes');
    collector.behaviour = respond('200 OK');
    await until('it has recovered', 5_000, () => push.recoveries.length > 0);
  },
);

test.each([
  ['whose heads are long', `1;${'x'.repeat(10_000)}\r\ny\r\n`, 'the response exceeds 65536 bytes'],
  ['of a byte', '1\r\ny\r\n', 'the response arrived in more than 1000 pieces'],
])('the push aborts a response in endless chunks %s', async (_, chunk, message) => {
  const collector = await PushCollector.start();
  collector.behaviour = (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    pourInto(socket, chunk);
  };
  const push = await startPush({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  await until('an export has failed', 5_000, () => push.failures.length > 0);
  expect(push.failures[0]?.message).toBe(message);
});

test('the push sends nothing once an export is over', async () => {
  const timeout = 20;
  const sent: boolean[] = [];
  let failures = 0;
  const reader = new PushReader({
    streams: { isStale: () => false, maxStreams: 10, onDropped: () => {} },
    interval: 3_600_000,
    timeout,
    send: async (_, { aborted }) => void sent.push(aborted),
    onFailure: () => failures++,
    onRecovery: () => {},
  });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  provider
    .getMeter('test')
    .createObservableGauge('level')
    .addCallback(async (result) => {
      // Collecting ends when the export does: sometimes a little before, sometimes after.
      await sleep(timeout);
      result.observe(1);
    });
  for (let i = 0; i < 20; i++) await reader.forceFlush();
  expect(failures).toBeGreaterThan(0);
  expect(sent).not.toContain(true);
});

test('the variables for metrics take precedence over those for every signal', async () => {
  const collector = await PushCollector.start();
  const OTHER = `http://127.0.0.1:${await closedPort('127.0.0.1')}`;
  await startPush({
    OTEL_EXPORTER_OTLP_ENDPOINT: OTHER,
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${collector.url}/by/metrics`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: 'none',
    OTEL_EXPORTER_OTLP_HEADERS: 'a=every,b=every',
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'a=metrics%20only',
  });
  await until('a push has come', 5_000, () => collector.pushes.length > 0);
  const [first] = collector.pushes;
  expect(first?.path).toBe('/by/metrics');
  expect(first?.headers).toMatchObject({
    'content-type': 'application/json',
    a: 'metrics only',
    b: 'every',
  });
  expect(first?.headers['content-encoding']).toBeUndefined();
  expect(JSON.parse(first?.body ?? '')).toHaveProperty('resourceMetrics');
});

test('OTEL_EXPORTER_OTLP_METRICS_TIMEOUT takes precedence over OTEL_EXPORTER_OTLP_TIMEOUT', async () => {
  const collector = await PushCollector.start();
  collector.behaviour = () => {};
  const push = await startPush({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_TIMEOUT: '60000',
    OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '100',
  });
  await until('an export has failed', 2_000, () => push.failures.length > 0);
});

test('an empty variable for metrics leaves the one for every signal in force', async () => {
  const collector = await PushCollector.start();
  await startPush({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: '',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: '',
  });
  await until('a push has come', 5_000, () => collector.pushes.length > 0);
  expect(collector.pushes[0]?.path).toBe('/v1/metrics');
  expect(collector.pushes[0]?.headers['content-type']).toBe('application/json');
});
