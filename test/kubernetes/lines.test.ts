import { expect, test } from 'vitest';
import { LineSplitter } from '../../src/kubernetes/lines.ts';
import { KEPT_BYTES } from '../../src/kubernetes/parse-object.ts';

function linesOf(chunks: readonly (string | Buffer)[], most = 100): string[] {
  const lines = new LineSplitter(most);
  return chunks.flatMap((chunk) =>
    Array.from(lines.split(Buffer.from(chunk)), (line) => line.toString()),
  );
}

test.each([
  { chunks: ['a\nb\n'], lines: ['a', 'b'] },
  { chunks: ['a', 'b', '\n', 'c\nd', 'e\n'], lines: ['ab', 'c', 'de'] },
  { chunks: ['a\n', '\nb\n'], lines: ['a', '', 'b'] },
  { chunks: ['a\nbroken off'], lines: ['a'] },
  { chunks: [], lines: [] },
])('LineSplitter yields the lines, however they are cut (%#)', ({ chunks, lines }) => {
  expect(linesOf(chunks)).toEqual(lines);
});

test('LineSplitter joins a character that is split between two chunks', () => {
  const bytes = Buffer.from('Zürich 🏔\n');
  const single = Array.from(bytes, (byte) => Buffer.of(byte));
  expect(linesOf(single)).toEqual(['Zürich 🏔']);
});

test.each([
  { kind: 'in one chunk', chunks: ['12345\n'] },
  { kind: 'in several', chunks: ['123', '45\n'] },
  { kind: 'that has not yet ended', chunks: ['12345'] },
  { kind: 'after one that is not', chunks: ['1\n123', '45'] },
])('LineSplitter throws for a line that exceeds the maximum, $kind', ({ chunks }) => {
  expect(() => linesOf(chunks, 4)).toThrow('a line exceeds 4 bytes');
});

test('LineSplitter accepts lines of the maximum length, however many', () => {
  expect(linesOf(['1234\n12', '34\n1234\n'], 4)).toEqual(['1234', '1234', '1234']);
});

test('LineSplitter keeps the beginning of a long line, and nothing of what follows', () => {
  const piece = Buffer.alloc(100_000, 'x');
  const lines = new LineSplitter(1e9);
  for (let pieces = 0; pieces < 100; pieces++) expect([...lines.split(piece)]).toEqual([]);
  const [line, next] = [...lines.split(Buffer.from('x\na\n'))];
  expect(line).toHaveLength(KEPT_BYTES);
  expect(line?.buffer.byteLength).toBe(KEPT_BYTES);
  expect(next?.toString()).toBe('a');
});
