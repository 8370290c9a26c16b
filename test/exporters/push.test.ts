import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { PushReader } from '../../exporters/push.ts';
import { until } from '../../lab/support/until.ts';
import { EVERYTHING } from '../support/scraped-metrics.ts';

const INTERVAL_MS = 1_000;
const TIMEOUT_MS = 50;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A push whose exports last until the test ends them, whatever their signal does. */
function startPush(timeout: number) {
  const failures: string[] = [];
  const sent: (() => void)[] = [];
  const reader = new PushReader({
    streams: EVERYTHING,
    interval: INTERVAL_MS,
    timeout,
    send: () => new Promise((resolve) => sent.push(resolve)),
    onFailure: ({ message }) => failures.push(message),
    onRecovery: () => {},
  });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(async () => {
    vi.useRealTimers();
    const end = setInterval(() => sent.forEach((resolve) => void resolve()), 10);
    await provider.shutdown();
    clearInterval(end);
  });
  const sends = (count: number) => until(`${count} sends`, 5_000, () => sent.length === count);
  return { provider, failures, sent, sends };
}

test('no second export starts while one takes longer than the interval', async () => {
  const { failures, sent, sends } = startPush(60_000);
  vi.advanceTimersByTime(INTERVAL_MS);
  await sends(1);
  vi.advanceTimersByTime(5 * INTERVAL_MS);
  sent[0]?.();
  await until('the next one is sent', 5_000, () => {
    vi.advanceTimersByTime(INTERVAL_MS);
    return sent.length > 1;
  });
  expect(sent).toHaveLength(2);
  expect(failures).toEqual([]);
});

test('a flush during an export sends once more, after it', async () => {
  const { provider, failures, sent, sends } = startPush(60_000);
  vi.advanceTimersByTime(INTERVAL_MS);
  await sends(1);
  const flushed = provider.forceFlush();
  sent[0]?.();
  await sends(2);
  sent[1]?.();
  await flushed;
  expect(sent).toHaveLength(2);
  expect(failures).toEqual([]);
});

test('an export that continues after its timeout keeps the next one from starting', async () => {
  const { failures, sent, sends } = startPush(TIMEOUT_MS);
  const failed = (count: number) => until('it failed', 5_000, () => failures.length >= count);
  vi.advanceTimersByTime(INTERVAL_MS);
  await sends(1);
  await failed(1);
  await until('the next interval fails as well', 5_000, () => {
    vi.advanceTimersByTime(INTERVAL_MS);
    return failures.length > 1;
  });
  expect(sent).toHaveLength(1);
  expect(failures[1]).toBe('the previous export is still running');
});
