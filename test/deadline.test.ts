import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deadline } from '../src/deadline.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('deadline() aborts after its time, with an error of its message', () => {
  const { signal } = deadline(new AbortController().signal, 5_000, 'no answer within 5 s');

  vi.advanceTimersByTime(4_999);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);

  expect(signal.aborted).toBe(true);
  expect(signal.reason).toEqual(new Error('no answer within 5 s'));
});

test('deadline() aborts with its parent, for its reason', () => {
  const parent = new AbortController();
  const { signal } = deadline(parent.signal, 5_000, 'late');
  const reason = new Error('stopped');

  parent.abort(reason);
  vi.advanceTimersByTime(10_000);

  expect(signal.reason).toBe(reason);
});

test('deadline() is aborted from the start where its parent is', () => {
  const reason = new Error('stopped');

  expect(deadline(AbortSignal.abort(reason), 5_000, 'late').signal.reason).toBe(reason);
});

test('deadline() leaves its parent alone', () => {
  const parent = new AbortController();
  deadline(parent.signal, 5_000, 'late');

  vi.advanceTimersByTime(5_000);

  expect(parent.signal.aborted).toBe(false);
});

test('deadline() leaves nothing behind when it is disposed of, and never aborts then', () => {
  const parent = new AbortController();
  let signal: AbortSignal;
  {
    using limit = deadline(parent.signal, 5_000, 'late');
    signal = limit.signal;
    expect(vi.getTimerCount()).toBe(1);
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(1);
  }

  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(parent.signal, 'abort')).toEqual([]);
  parent.abort();
  vi.advanceTimersByTime(10_000);
  expect(signal.aborted).toBe(false);
});
