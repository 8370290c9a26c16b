import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CheckStates, outageOf } from '../src/check-states.ts';
import type { Check, Outcome } from '../src/model.ts';
import { logRecorder } from '../src/recorders.ts';
import { failed, fakeCheck, ok, unexpectedStatus } from './support/fake-check.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A log recorder, and the lines that it has written since they were last taken. */
function logged() {
  const lines: [level: string, message: string, fields: object][] = [];
  const recorder = logRecorder({
    warn: (fields, message) => lines.push(['warn', message, fields]),
    info: (fields, message) => lines.push(['info', message, fields]),
  });
  const states = new CheckStates(0);
  let checks: readonly Check[] = [];
  return {
    record: (outcome: Outcome, check: Check = fakeCheck('a')) => {
      checks = [...checks.filter(({ type }) => type !== check.type), check];
      const state = states.update(checks).states.at(-1);
      if (state) recorder.record(states.record(state, outcome));
    },
    removed: (check: Check) => {
      checks = checks.filter(({ type }) => type !== check.type);
      for (const state of states.update(checks).removed) {
        recorder.removed?.(state.check, outageOf(state));
      }
    },
    take: () => lines.splice(0),
  };
}

describe('logRecorder()', () => {
  test('logs a line when a check starts to fail, one when it recovers, and none in between', () => {
    const { record, take } = logged();
    record(ok());
    expect(take()).toEqual([]);

    record(failed('connect', 'connecting to 10.0.0.1:8080: connection refused'));
    expect(take()).toEqual([
      [
        'warn',
        'check failed',
        {
          type: 'a',
          event: 'connect_done',
          cause: 'refused',
          error: 'connecting to 10.0.0.1:8080: connection refused',
        },
      ],
    ]);

    vi.advanceTimersByTime(5_000);
    record(failed('connect', 'connecting to 10.0.0.1:8080: connection refused'));
    vi.advanceTimersByTime(5_000);
    record(unexpectedStatus(503, 'Service Unavailable'));
    expect(take()).toEqual([]);

    vi.advanceTimersByTime(5_040);
    record(ok());
    expect(take()).toEqual([
      [
        'info',
        'check recovered',
        {
          type: 'a',
          event: 'status_code_503',
          cause: 'status',
          lastError: '503 Service Unavailable',
          failures: 3,
          seconds: 15,
        },
      ],
    ]);
    record(ok());
    expect(take()).toEqual([]);
  });

  test('starts over after a recovery', () => {
    const { record, take } = logged();
    for (const outcome of [failed('connect'), ok(), failed('resolve'), failed('resolve')]) {
      record(outcome);
    }
    expect(take().map(([level]) => level)).toEqual(['warn', 'info', 'warn']);
    vi.advanceTimersByTime(1_234);
    record(ok());
    expect(take()).toEqual([
      ['info', 'check recovered', expect.objectContaining({ failures: 2, seconds: 1.2 })],
    ]);
  });

  test('reports every ten minutes that a check is still failing', () => {
    const { record, take } = logged();
    for (let seconds = 0; seconds <= 1_250; seconds += 5) {
      record(failed('connect'));
      vi.advanceTimersByTime(5_000);
    }
    expect(take().map(([level, message, fields]) => [level, message, fields])).toEqual([
      ['warn', 'check failed', expect.objectContaining({ error: 'connection refused' })],
      ['warn', 'check is still failing', expect.objectContaining({ failures: 121, seconds: 600 })],
      [
        'warn',
        'check is still failing',
        expect.objectContaining({ failures: 241, seconds: 1_200 }),
      ],
    ]);
  });

  test('keeps checks apart', () => {
    const { record, take } = logged();
    record(failed('connect'), fakeCheck('a'));
    record(failed('connect'), fakeCheck('b'));
    record(ok(), fakeCheck('b'));
    expect(take().map(([, message, fields]) => [message, fields])).toEqual([
      ['check failed', expect.objectContaining({ type: 'a' })],
      ['check failed', expect.objectContaining({ type: 'b' })],
      ['check recovered', expect.objectContaining({ type: 'b' })],
    ]);
  });

  test('logs a line when a failing check is removed, but not for a healthy one', () => {
    const { record, removed, take } = logged();
    record(ok(), fakeCheck('well'));
    record(failed('connect'), fakeCheck('ill'));
    take();
    removed(fakeCheck('well'));
    removed(fakeCheck('ill'));
    removed(fakeCheck('ill'));
    expect(take()).toEqual([
      [
        'info',
        'failing check removed',
        {
          type: 'ill',
          event: 'connect_done',
          cause: 'refused',
          lastError: 'connection refused',
          failures: 1,
          seconds: 0,
        },
      ],
    ]);
  });
});
