import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, test, vi } from 'vitest';
import { RestedWork } from '../../src/kubernetes/rested-work.ts';

vi.mock('node:timers/promises', () => ({ setTimeout: vi.fn() }));

const TIMES = 3;

function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

const rested = () => vi.mocked(sleep).mock.calls.map(([milliseconds]) => milliseconds ?? 0);

beforeEach(() => void vi.mocked(sleep).mockClear());

test('RestedWork adds up short pieces of work', async () => {
  const reading = new RestedWork(TIMES);
  for (let piece = 0; piece < 3; piece++) {
    reading.begin(0);
    work(0.8);
    await reading.rest();
  }
  expect(rested()).not.toEqual([]);
  expect(rested()[0]).toBeGreaterThanOrEqual(TIMES * 2);
});

test('RestedWork counts the time that it takes to receive bytes', async () => {
  const reading = new RestedWork(TIMES);
  reading.begin(1_000_000);
  await reading.rest();
  expect(rested()[0]).toBeGreaterThanOrEqual(TIMES * 5);
});
