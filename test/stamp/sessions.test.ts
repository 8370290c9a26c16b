import { expect, test } from 'vitest';
import { Sessions } from '../../src/stamp/sessions.ts';

const COUNT_PER_SECOND = 200;

test('Sessions number the replies of each session from 0', () => {
  const sessions = new Sessions();
  const next = (address: string, session: string) => sessions.next(address, session, 0);
  expect(next('10.0.0.1', 'a')).toBe(0);
  expect(next('10.0.0.1', 'a')).toBe(1);
  expect(next('10.0.0.1', 'b')).toBe(0);
  expect(next('10.0.0.2', 'a')).toBe(0);
  expect(next('10.0.0.1', 'a')).toBe(2);
});

test('Sessions allow one source 200 replies per second, whatever it sends, and the others theirs', () => {
  const sessions = new Sessions();
  const count = (address: string, now: number) =>
    Array.from({ length: 1_000 }, (_, i) => sessions.next(address, String(i), now)).filter(
      (sequence) => sequence !== undefined,
    ).length;
  expect(count('10.0.0.1', 100)).toBe(COUNT_PER_SECOND);
  expect(count('10.0.0.1', 900)).toBe(0);
  expect(count('10.0.0.2', 900)).toBe(COUNT_PER_SECOND);
  expect(count('10.0.0.1', 1_100)).toBe(COUNT_PER_SECOND);
});

test('Sessions allow all sources together 5,000 replies per second', () => {
  const sessions = new Sessions();
  let replies = 0;
  for (let i = 0; i < 20_000; i++) {
    if (sessions.next(`10.0.${i >> 8}.${i & 255}`, 'a', 0) !== undefined) replies++;
  }
  expect(replies).toBe(5_000);
  expect(sessions.next('10.1.0.1', 'a', 1_000)).toBe(0);
});

test('Sessions allow each of 30 sources 20 replies per second beside a hundred that flood', () => {
  const sessions = new Sessions();
  const count = (address: string, packets: number) =>
    Array.from({ length: packets }, () => sessions.next(address, 'a', 0)).filter(
      (sequence) => sequence !== undefined,
    ).length;
  for (let i = 0; i < 100; i++) count(`10.0.0.${i}`, 400);
  for (let i = 0; i < 30; i++) expect(count(`10.0.1.${i}`, 20)).toBe(20);
});

test('Sessions forget the least recently used sessions and sources', () => {
  const sessions = new Sessions();
  sessions.next('10.0.0.1', 'kept', 0);
  sessions.next('10.0.0.1', 'forgotten', 0);
  for (let i = 0; i < 31; i++) {
    sessions.next('10.0.0.1', `other ${i}`, 0);
    sessions.next('10.0.0.1', 'kept', 0);
  }
  expect(sessions.next('10.0.0.1', 'forgotten', 0)).toBe(0);
  expect(sessions.next('10.0.0.1', 'kept', 0)).toBe(32);
  for (let i = 0; i < 2_048; i++) sessions.next(`10.1.${i >> 8}.${i & 255}`, 'a', 2_000);
  expect(sessions.next('10.0.0.1', 'kept', 4_000)).toBe(0);
});
