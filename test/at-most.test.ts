import { expect, test } from 'vitest';
import { hasAtMost } from '../src/at-most.ts';

test.each([
  ['', '{', 0, true],
  ['{', '{', 0, false],
  ['{a{', '{', 2, true],
  ['{a{b', '{', 1, false],
  ['{[,b', '{[,', 3, true],
  ['{[,b', '{[,', 2, false],
  ['{[,b', '[', 1, true],
])('hasAtMost() of %s, %s and %i is %s, for bytes as well', (text, characters, most, is) => {
  expect(hasAtMost(text, characters, most)).toBe(is);
  expect(hasAtMost(Buffer.from(text), characters, most)).toBe(is);
});
