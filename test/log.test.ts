import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLog, limitedErrors } from '../src/log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const SELF = { podName: 'kubenurse-x2bwx', nodeName: 'node-1' };

function logged() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog('info', SELF, {
    write: (line) => void lines.push(JSON.parse(line)),
  });
  return { log, take: () => lines.splice(0) };
}

test('createLog() truncates the texts of errors, and removes control characters from them', () => {
  const { log, take } = logged();
  const text = `\x1b[2J\x9b31m a\u2028b\u202e ${'x'.repeat(60_000)}`;
  log.error({ error: text }, 'a');
  log.fatal({ err: new TypeError(text) }, 'b');
  const [first, second = {}] = take();
  const { message, stack } = second.err as { message: string; stack: string };
  for (const shown of [first?.error, message]) {
    expect(String(shown).length).toBeLessThanOrEqual(500);
    expect(shown).toMatch(/^ \[2J 31m a b {2}x+$/);
  }
  expect(second.err).toMatchObject({ type: 'TypeError' });
  expect(stack).toContain('log.test.ts');
});

test('limitedErrors() logs at most one line per minute and message, with the number of errors', () => {
  const { log, take } = logged();
  const onError = limitedErrors(log);
  for (let i = 1; i <= 7_000; i++) onError(new Error(`client ${i}`), 'a request is malformed');
  onError(new Error('no such file'), 'the certificate cannot be used');
  expect(take()).toMatchObject([
    { level: 'error', error: 'client 1', msg: 'a request is malformed' },
    { level: 'error', error: 'no such file', msg: 'the certificate cannot be used' },
  ]);
  vi.advanceTimersByTime(59_999);
  expect(take()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(take()).toMatchObject([
    { error: 'client 7000', count: 6_999, msg: 'a request is malformed' },
  ]);
  onError(new Error('client 7001'), 'a request is malformed');
  expect(take()).toEqual([]);
  vi.advanceTimersByTime(60_000);
  expect(take()).toMatchObject([{ error: 'client 7001', count: 1 }]);
  vi.advanceTimersByTime(60_000);
  onError(new Error('client 7002'), 'a request is malformed');
  expect(take()).toMatchObject([{ error: 'client 7002' }]);
});

test('createLog() names the pod and its node in each line', () => {
  const { log, take } = logged();
  log.info('a');
  expect(take()).toEqual([expect.objectContaining({ pod: 'kubenurse-x2bwx', node: 'node-1' })]);
});
