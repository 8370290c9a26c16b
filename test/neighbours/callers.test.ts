import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Callers } from '../../src/neighbours/callers.ts';

const MOST = 10_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

test('Callers counts each caller once', () => {
  const callers = new Callers();
  for (const name of ['node-1', 'node-2', 'node-1']) callers.saw(name);
  expect(callers.count()).toBe(2);
});

test('Callers forgets a caller 60 s after its last request', () => {
  const callers = new Callers();
  callers.saw('once');
  callers.saw('again');
  vi.advanceTimersByTime(30_000);
  callers.saw('again');
  vi.advanceTimersByTime(29_999);
  expect(callers.count()).toBe(2);
  vi.advanceTimersByTime(1);
  expect(callers.count()).toBe(1);
  vi.advanceTimersByTime(29_999);
  expect(callers.count()).toBe(1);
  vi.advanceTimersByTime(1);
  expect(callers.count()).toBe(0);
});

test('Callers never forgets one that comes every 5 s, however many expire about it', () => {
  const callers = new Callers();
  for (let round = 0; round < 100; round++) {
    callers.saw('steady');
    callers.saw(`passing-${round}`);
    vi.advanceTimersByTime(5_000);
    // The steady one, and those that passed less than 60 s ago.
    expect(callers.count()).toBe(1 + Math.min(round + 1, 11));
  }
});

test('upstream fault: a header that the client chooses grows the map of callers without bound', () => {
  const callers = new Callers();
  for (let number = 0; number < MOST + 500; number++) callers.saw(`caller-${number}`);
  expect(callers.count()).toBe(MOST);
});

test('Callers keeps those it knows when there is room for no more', () => {
  const callers = new Callers();
  for (let number = 0; number < MOST; number++) callers.saw(`caller-${number}`);
  vi.advanceTimersByTime(59_000);
  callers.saw('caller-0');
  callers.saw('one too many');
  vi.advanceTimersByTime(1_000);
  expect(callers.count()).toBe(1);
});

test('Callers has room again when old ones expire, without being counted', () => {
  const callers = new Callers();
  for (let number = 0; number < MOST; number++) callers.saw(`caller-${number}`);
  vi.advanceTimersByTime(60_000);
  callers.saw('new');
  expect(callers.count()).toBe(1);
});

test.each([
  ['', 0],
  ['n'.repeat(253), 1],
  ['n'.repeat(254), 0],
])('Callers takes for a name only what can be one (%#)', (name, count) => {
  const callers = new Callers();
  callers.saw(name);
  expect(callers.count()).toBe(count);
});
