import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Canceller, deadline } from '../src/deadline.ts';
import type { Signal } from '../src/model.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('deadline() aborts after its time, with an error that has its message', () => {
  const { signal } = deadline(new AbortController().signal, 5_000, 'no response within 5 s');

  vi.advanceTimersByTime(4_999);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);

  expect(signal.aborted).toBe(true);
  expect(signal.reason).toMatchObject({ name: 'TimeoutError', message: 'no response within 5 s' });
});

test('deadline() aborts with its parent, for the same reason', () => {
  const parent = new AbortController();
  const { signal } = deadline(parent.signal, 5_000, 'late');
  const reason = new Error('stopped');

  parent.abort(reason);
  vi.advanceTimersByTime(10_000);

  expect(signal.reason).toBe(reason);
});

test('deadline() is aborted from the start if its parent is', () => {
  const reason = new Error('stopped');

  expect(deadline(AbortSignal.abort(reason), 5_000, 'late').signal.reason).toBe(reason);
});

test('deadline() does not abort its parent', () => {
  const parent = new AbortController();
  deadline(parent.signal, 5_000, 'late');

  vi.advanceTimersByTime(5_000);

  expect(parent.signal.aborted).toBe(false);
});

test('deadline() leaves nothing behind when it is disposed of, and does not abort afterwards', () => {
  const parent = new AbortController();
  let signal: Signal;
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

test('deadline() does not count the time for which the process was suspended', async () => {
  vi.useRealTimers();
  const begun = performance.now();
  const { signal } = deadline(new AbortController().signal, 300, 'late');

  standStill(600);
  await turn();
  expect(signal.aborted).toBe(false);

  await aborted(signal);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(890);
});

test('deadline() does not abort if it is disposed of after the process was suspended', async () => {
  vi.useRealTimers();
  let signal: Signal;
  {
    using limit = deadline(new AbortController().signal, 50, 'late');
    signal = limit.signal;
    standStill(300);
    await turn();
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(signal.aborted).toBe(false);
});

test('a Canceller calls its listeners once, with its first reason set, but no removed listener', () => {
  const canceller = new Canceller();
  const calls: string[] = [];
  const removed = () => calls.push('removed');
  canceller.addEventListener('abort', () => calls.push(canceller.reason.message));
  canceller.addEventListener('abort', removed);
  canceller.removeEventListener('abort', removed);

  canceller.throwIfAborted();
  canceller.abort(new Error('first'));
  canceller.abort(new Error('second'));

  expect(calls).toEqual(['first']);
  expect(() => canceller.throwIfAborted()).toThrow('first');
});

test('a Canceller calls no listener that is added as it aborts', () => {
  const canceller = new Canceller();
  const late = vi.fn();
  canceller.addEventListener('abort', () => canceller.addEventListener('abort', late));

  canceller.abort(new Error('stopped'));

  expect(late).not.toHaveBeenCalled();
});

function aborted(signal: Signal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', resolve));
}

function standStill(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Resolves once all due timers have fired. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setTimeout(() => setImmediate(resolve), 1));
}
