import { expect, test } from 'vitest';
import { SCRIPT } from '../../src/pages/cluster-page/script.ts';
import { duration, nodeNames } from '../../src/verdict/words.ts';

const DURATIONS: readonly (readonly [number, string])[] = [
  [-5, '0 s'],
  [0.9, '0 s'],
  [59.9, '59 s'],
  [60, '1 min'],
  [3_599, '59 min'],
  [3_600, '1 h'],
  [11_400, '3 h 10 min'],
  [86_399, '23 h 59 min'],
  [86_400, '1 d'],
  [187_200, '2 d 4 h'],
  [34_560_000, '400 d'],
];

test.each(DURATIONS)('duration() of %d s is %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

test("the page's script formats durations with the same function", () => {
  const [, source = ''] = /const inWords = (.+?\n\});?\n/s.exec(SCRIPT) ?? [];
  const inWords = new Function(`return ${source}`)() as typeof duration;
  expect(DURATIONS.map(([seconds]) => inWords(seconds))).toEqual(
    DURATIONS.map(([, words]) => words),
  );
});

test('nodeNames() has node-2 before node-10', () => {
  expect(nodeNames(['node-10', 'node-1', 'node-2'])).toBe('node-1, node-2 and node-10');
  expect(nodeNames(['b-3', 'b-20', 'a-1'], 2)).toBe('a-1, b-3 and 1 more');
});
