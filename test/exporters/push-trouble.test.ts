import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { closedPort } from '../support/closed-port.ts';
import {
  type Behaviour,
  PushCollector,
  respond,
  say,
  trickle,
  well,
} from '../support/push-collector.ts';
import { startPush } from './started-push.ts';

/** How long an export may take here, in milliseconds. */
const LIMIT_MS = 150;
/** What a busy machine may add to it. */
const SLACK_MS = 10_000;

const BEGUN = 'HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n';
const AWAY = 'HTTP/1.1 503 Away\r\n';
const OVER = /timed out after 0\.15 s|aborted due to timeout|timed out/;
const RETRYABLE = /every attempt failed with status 429, 502, 503 or 504/;

/** What a collector can do wrong, and the message about it. */
const TROUBLES: readonly (readonly [name: string, behaviour: Behaviour, message: RegExp])[] = [
  ['hangs', () => {}, OVER],
  ['is slow', (socket) => setTimeout(() => well(socket), 1_000).unref(), OVER],
  ['trickles a body', trickle(`${BEGUN}\r\n`, 'x', 20), OVER],
  ['trickles a header that never ends', trickle(BEGUN, 'X', 20), OVER],
  ['trickles 503', trickle(`${AWAY}\r\n`, 'x', 20), OVER],
  ['says 100 Continue for ever', trickle('', 'HTTP/1.1 100 Continue\r\n\r\n', 20), OVER],
  ['responds with 400', respond('400 Bad Request'), /^Bad Request \(400\)$/],
  ['responds with 404', respond('404 Not Found'), /^Not Found \(404\)$/],
  ['responds with 302', respond('302 Found', 'Location: http://127.0.0.1:1/'), /^Found \(302\)$/],
  ['responds with 503', respond('503 Service Unavailable'), RETRYABLE],
  ...[
    '0',
    '1',
    '-1',
    '100000',
    '1e9',
    'soon',
    'Sat, 21 Nov 2015 00:00:00 GMT',
    'Sat, 21 Nov 2099 00:00:00 GMT',
  ].map(
    (after) =>
      [
        `responds with 429, Retry-After: ${after}`,
        respond('429 Too Many', `Retry-After: ${after}`),
        RETRYABLE,
      ] as const,
  ),
  ['responds with garbage', say('\0\xff garbage\r\n\r\n'), /Parse Error/],
  [
    'responds with an endless body',
    (socket) => void endless(socket),
    /the response exceeds 65536 bytes/,
  ],
  ['closes the connection', (socket) => void socket.end(), /socket hang up/],
  ['resets the connection', (socket) => void socket.resetAndDestroy(), /ECONNRESET/],
];

const endless: Behaviour = (socket) => {
  const megabyte = 'x'.repeat(2 ** 20);
  const write = () => {
    while (!socket.destroyed && socket.write(megabyte));
  };
  socket.write(`${BEGUN}\r\n`);
  socket.on('drain', write);
  write();
};

/**
 * Pushes to it, limited by both variables. The first is the lesser one unless `timeout` is given.
 */
function limited(collector: { url: string }, timeout = 30_000) {
  const otlpTimeout = timeout < 30_000 ? 30_000 : LIMIT_MS;
  return startPush(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: String(otlpTimeout),
    },
    { timeout, interval: 20 },
  );
}

test.each(TROUBLES)(
  'the push gives up in time on a collector that %s, and recovers',
  async (_, behaviour, message) => {
    const collector = await PushCollector.start();
    collector.behaviour = behaviour;
    const push = await limited(collector);
    await until('two exports have failed', 5_000, () => push.failures.length >= 2);
    for (const [i, { at }] of push.failures.entries()) {
      expect(at - (push.begun[i] ?? NaN)).toBeLessThan(LIMIT_MS + SLACK_MS);
      expect(push.begun[i + 1] ?? Infinity).toBeGreaterThanOrEqual(at);
    }
    expect(push.failures[0]?.message).toMatch(message);
    // The package retries at most five times.
    expect(collector.pushes.length).toBeLessThanOrEqual(6 * push.begun.length);

    collector.behaviour = well;
    await until('it has recovered', 5_000, () => push.recoveries.length > 0);
    await push.shutdown(1_000);
    await until('no connection is left', 1_000, () => collector.open.size === 0);
    expect(push.failures.map(({ first }) => first)).toEqual(
      push.failures.map((_, index) => index === 0),
    );
    expect(push.recoveries).toEqual([
      { exports: push.failures.length, milliseconds: expect.any(Number) },
    ]);
  },
);

describe.each([
  ['OTEL_EXPORTER_OTLP_TIMEOUT', 30_000],
  ['OTEL_METRIC_EXPORT_TIMEOUT', LIMIT_MS],
])('the push, limited by %s', (_, timeout) => {
  test.each<[string, Behaviour]>([
    ['hangs', () => {}],
    ['trickles 503', trickle(`${AWAY}\r\n`, 'x', 20)],
  ])('leaves nothing in flight if a collector %s', async (_, behaviour) => {
    const collector = await PushCollector.start();
    collector.behaviour = behaviour;
    const push = await limited(collector, timeout);
    await until('an export has failed', 5_000, () => push.failures.length > 0);
    await push.shutdown(1_000);
    const pushes = collector.pushes.length;
    // The package retries after 0.8 s to 1.2 s.
    await sleep(1_300);
    expect([collector.pushes.length, collector.open.size]).toEqual([pushes, 0]);
  });

  test('recovers when a collector that was down comes up at the same address', async () => {
    const port = await closedPort('127.0.0.1');
    const push = await limited({ url: `http://127.0.0.1:${port}` }, timeout);
    await until('two exports have failed', 5_000, () => push.failures.length >= 2);
    expect(push.failures[0]?.message).toMatch(/ECONNREFUSED|timeout|timed out/);
    const collector = await PushCollector.start({ port });
    await until('it has recovered', 5_000, () => push.recoveries.length > 0);
    expect(push.failures.filter(({ first }) => first)).toHaveLength(1);
    expect(collector.pushes[0]?.path).toBe('/v1/metrics');
  });
});

test.each(['0', '-1', 'soon', 'Sat, 21 Nov 2015 00:00:00 GMT'])(
  'the push retries after a backoff, and without a warning, if a collector responds with 429, Retry-After: %s',
  async (after) => {
    const warn = vi.spyOn(process, 'emitWarning');
    onTestFinished(() => void warn.mockRestore());
    const collector = await PushCollector.start();
    const times: number[] = [];
    collector.behaviour = (socket) => {
      times.push(performance.now());
      (times.length === 1 ? respond('429 Too Many', `Retry-After: ${after}`) : well)(socket);
    };
    const push = await startPush({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRIC_EXPORT_TIMEOUT: '30000',
    });
    await until('it has tried again', 10_000, () => times.length >= 2);
    // 1 s, less a fifth of jitter (the package's retrying transport).
    expect((times[1] ?? NaN) - (times[0] ?? NaN)).toBeGreaterThanOrEqual(799);
    await push.shutdown(1_000);
    expect(warn).not.toHaveBeenCalled();
  },
);
