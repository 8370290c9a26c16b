import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readLines } from '../../src/kubernetes/lines.ts';

async function linesOf(chunks: readonly (string | Buffer)[], most = 100): Promise<string[]> {
  const stream = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
  return Array.fromAsync(readLines(stream, most));
}

test.each([
  { chunks: ['a\nb\n'], lines: ['a', 'b'] },
  { chunks: ['a', 'b', '\n', 'c\nd', 'e\n'], lines: ['ab', 'c', 'de'] },
  { chunks: ['a\n', '\nb\n'], lines: ['a', '', 'b'] },
  { chunks: ['a\nbroken off'], lines: ['a'] },
  { chunks: [], lines: [] },
])('readLines() gives the lines, however they are cut (%#)', async ({ chunks, lines }) => {
  expect(await linesOf(chunks)).toEqual(lines);
});

test('readLines() puts together a character that two chunks share', async () => {
  const bytes = Buffer.from('Zürich 🏔\n');
  const single = Array.from(bytes, (byte) => Buffer.of(byte));
  expect(await linesOf(single)).toEqual(['Zürich 🏔']);
});

test.each([
  { kind: 'in one chunk', chunks: ['12345\n'] },
  { kind: 'in several', chunks: ['123', '45\n'] },
  { kind: 'that has not yet ended', chunks: ['12345'] },
  { kind: 'after one that is not', chunks: ['1\n123', '45'] },
])('readLines() throws at a line longer than the most, $kind', async ({ chunks }) => {
  await expect(linesOf(chunks, 4)).rejects.toThrow('a line exceeds 4 bytes');
});

test('readLines() takes lines of just the most, however many', async () => {
  expect(await linesOf(['1234\n12', '34\n1234\n'], 4)).toEqual(['1234', '1234', '1234']);
});

test('readLines() takes no more of an endless line than the most', async () => {
  let taken = 0;
  async function* endless() {
    for (;;) {
      taken += 1_000;
      yield Buffer.alloc(1_000, 'x');
    }
  }
  await expect(readLines(endless(), 10_000).next()).rejects.toThrow('exceeds 10000 bytes');
  expect(taken).toBe(11_000);
});

test('readLines() ends the stream when its reader stops early', async () => {
  const stream = Readable.from([Buffer.from('a\nb\n'), Buffer.from('c\n')]);
  for await (const line of readLines(stream, 10)) {
    expect(line).toBe('a');
    break;
  }
  expect(stream.destroyed).toBe(true);
});
