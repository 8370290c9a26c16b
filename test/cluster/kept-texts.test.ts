import { expect, test } from 'vitest';
import { KeptTexts } from '../../src/cluster/kept-texts.ts';

test('a thousand words are kept, and known ones are still found after that', () => {
  const texts = new KeptTexts();
  const words = Array.from({ length: 1_000 }, (_, index) => `zone-${index}`);
  expect(words.map((word) => texts.word(word))).toEqual(words);
  expect(texts.word('one-more')).toBe('');
  expect(texts.word('zone-7')).toBe('zone-7');
  expect(texts.name('one-more')).toBe('one-more');
});

test('texts of failures are kept up to 8 MiB, equal ones once', () => {
  const texts = new KeptTexts();
  const kept = (prefix: string) =>
    Array.from({ length: 20_000 }, (_, index) =>
      texts.text(`${prefix}${index}`.padEnd(300)),
    ).filter((text) => text !== null).length;
  // 700 bytes each.
  expect(kept('a')).toBe(11_983);
  expect(kept('b')).toBe(0);
  expect(texts.text('a7'.padEnd(300))).toBe('a7'.padEnd(300));
});
