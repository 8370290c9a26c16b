import { expect, test } from 'vitest';
import { GrowingBytes } from '../src/growing-bytes.ts';
import { collectGarbage } from './support/garbage.ts';

test('GrowingBytes joins pieces of any length', () => {
  const bytes = new GrowingBytes();
  for (const piece of ['', 'a', 'bc', '', 'd'.repeat(1_000), 'e']) bytes.add(Buffer.from(piece));
  expect(bytes.bytes().toString()).toBe(`abc${'d'.repeat(1_000)}e`);
  expect(bytes.length).toBe(1_004);
  expect(new GrowingBytes().bytes()).toHaveLength(0);
});

test('GrowingBytes keeps only the first bytes if it has a limit, and counts all', () => {
  const bytes = new GrowingBytes(5);
  for (const piece of ['ab', 'cd', 'ef', 'gh']) bytes.add(Buffer.from(piece));
  expect(bytes.bytes().toString()).toBe('abcde');
  expect(bytes.length).toBe(8);
});

test('GrowingBytes returns only the filled part of its initial size, and grows beyond it', () => {
  const bytes = new GrowingBytes(Infinity, 4);
  expect(bytes.bytes()).toHaveLength(0);
  for (const piece of ['abc', 'def']) bytes.add(Buffer.from(piece));
  expect(bytes.bytes().toString()).toBe('abcdef');
});

test('GrowingBytes does not keep the pieces, however many there are', () => {
  const bytes = new GrowingBytes();
  const chunk = Buffer.alloc(100_000, 'x');
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let at = 0; at < chunk.length; at++) bytes.add(chunk.subarray(at, at + 1));
  collectGarbage();
  // A list of the pieces takes 11 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
  expect(bytes.bytes()).toEqual(chunk);
});
