import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { IncomingChecks } from '../../src/neighbours/incoming-checks.ts';

const MOST = 10_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

test('IncomingChecks counts each caller once', () => {
  const incomingChecks = new IncomingChecks();
  for (const name of ['node-1', 'node-2', 'node-1']) incomingChecks.record(name);
  expect(incomingChecks.count()).toBe(2);
});

test('IncomingChecks forgets a caller 60 s after its last request', () => {
  const incomingChecks = new IncomingChecks();
  incomingChecks.record('once');
  incomingChecks.record('again');
  vi.advanceTimersByTime(30_000);
  incomingChecks.record('again');
  vi.advanceTimersByTime(29_999);
  expect(incomingChecks.count()).toBe(2);
  vi.advanceTimersByTime(1);
  expect(incomingChecks.count()).toBe(1);
  vi.advanceTimersByTime(29_999);
  expect(incomingChecks.count()).toBe(1);
  vi.advanceTimersByTime(1);
  expect(incomingChecks.count()).toBe(0);
});

test('IncomingChecks never forgets one that comes every 5 s, however many others expire', () => {
  const incomingChecks = new IncomingChecks();
  for (let round = 0; round < 100; round++) {
    incomingChecks.record('steady');
    incomingChecks.record(`passing-${round}`);
    vi.advanceTimersByTime(5_000);
    // The steady one, and those that passed less than 60 s ago.
    expect(incomingChecks.count()).toBe(1 + Math.min(round + 1, 11));
  }
});

test('upstream fault: a header that the client chooses grows the map of incomingChecks without bound', () => {
  const incomingChecks = new IncomingChecks();
  for (let number = 0; number < MOST + 500; number++) incomingChecks.record(`caller-${number}`);
  expect(incomingChecks.count()).toBe(MOST);
});

test('IncomingChecks keeps those it knows when it is full', () => {
  const incomingChecks = new IncomingChecks();
  for (let number = 0; number < MOST; number++) incomingChecks.record(`caller-${number}`);
  vi.advanceTimersByTime(59_000);
  incomingChecks.record('caller-0');
  incomingChecks.record('one too many');
  vi.advanceTimersByTime(1_000);
  expect(incomingChecks.count()).toBe(1);
});

test('IncomingChecks has room again when old ones expire, without being counted', () => {
  const incomingChecks = new IncomingChecks();
  for (let number = 0; number < MOST; number++) incomingChecks.record(`caller-${number}`);
  vi.advanceTimersByTime(60_000);
  incomingChecks.record('new');
  expect(incomingChecks.count()).toBe(1);
});

test.each([
  ['', 0],
  ['n'.repeat(253), 1],
  ['n'.repeat(254), 0],
])('IncomingChecks accepts only what can be a name (%#)', (name, count) => {
  const incomingChecks = new IncomingChecks();
  incomingChecks.record(name);
  expect(incomingChecks.count()).toBe(count);
});
