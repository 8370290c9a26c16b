import { expect, test } from 'vitest';
import { printable } from '../src/printable.ts';
import { collectGarbage } from './support/garbage.ts';

test('printable() truncates a text to the maximum length', () => {
  expect(printable('abcdef', 6)).toBe('abcdef');
  expect(printable('abcdef', 5)).toBe('abcde');
  // No half of a surrogate pair is left.
  expect(printable('ab😀', 3)).toBe('ab\uFFFD');
});

test.each([
  { what: 'C0', text: 'a\u0000\u001b[31mb\tc\r\nd', shown: 'a [31mb c d' },
  { what: 'DEL', text: 'a\u007fb', shown: 'a b' },
  { what: 'C1', text: 'a\u0080b\u009b31mc\u009f', shown: 'a b 31mc ' },
  { what: 'line and paragraph separators', text: 'a\u2028b\u2029c', shown: 'a b c' },
  { what: 'what turns the direction of writing', text: 'a\u202eb\u2066c\u200fd', shown: 'a b c d' },
  { what: 'letters without width', text: 'a\u200bb\u00adc\ufeffd', shown: 'a b c d' },
  { what: 'letters without a shape', text: 'a\u3164b\u115fc\uffa0d\u2800e', shown: 'a b c d e' },
  { what: 'variation selectors', text: 'a\ufe0fb\u{e0100}c\u180bd\u034fe', shown: 'a b c d e' },
  { what: 'tags', text: 'a\u{e0041}\u{e007f}b', shown: 'a b' },
  {
    what: 'the fifth mark of a letter',
    text: `Z${'\u0335'.repeat(60)}a${'\u20dd'.repeat(9)}`,
    shown: `Z${'\u0335'.repeat(4)} a${'\u20dd'.repeat(4)} `,
  },
])('printable() replaces what cannot be seen with a space: $what', ({ text, shown }) => {
  expect(printable(text, 100)).toBe(shown);
});

test('printable() leaves every other character unchanged', () => {
  const text = ' Ünïcode, 日本語, "quoted" \\ 😀 ';
  expect(printable(text, 100)).toBe(text);
  const decomposed = `${text} Tiếng Việt, ड़ें, မြှို့, น้ำ, שָׁלוֹם`.normalize('NFD');
  expect(printable(decomposed, 200)).toBe(decomposed);
});

test('printable() reads no more of a long text than it shows', () => {
  const text = Buffer.alloc(50_000_000, 'a\0').toString('latin1');
  const before = process.threadCpuUsage();
  expect(printable(text, 4)).toBe('a a ');
  const { user, system } = process.threadCpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(50);
});

test('printable() does not keep a long text in memory after it returns its beginning', () => {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const shown = Array.from({ length: 50 }, (_, i) =>
    printable(Buffer.alloc(1_000_000, `${i}x`).toString('latin1'), 300),
  );
  collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000);
  expect(shown.every((text) => text.length === 300)).toBe(true);
});
