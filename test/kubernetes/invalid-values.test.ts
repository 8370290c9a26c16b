import { expect, test } from 'vitest';
import {
  isNodeName,
  isPodAddress,
  labelText,
  logOnce,
  nameText,
} from '../../src/kubernetes/invalid-values.ts';

test.each([
  ['10.0.0.1', true],
  ['240.0.0.1', true],
  ['169.254.1.1', true],
  ['fd00::1', true],
  ['fe80::1', true],
  ['fe80::1%eth0', false],
  ['127.0.0.1', false],
  ['::1', false],
  ['::ffff:127.0.0.1', false],
  ['0.0.0.0', false],
  ['::', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['ff02::1', false],
  ['10.0.0.1:80', false],
  ['a.example', false],
  [['10.0.0.1'], false],
  [5, false],
  [{}, false],
])('isPodAddress(%j) is %j', (value, is) => {
  expect(isPodAddress(value, { allowLoopback: false })).toBe(is);
});

test('isPodAddress() accepts a loopback address if that is allowed, and no other that leads nowhere', () => {
  const isOne = (value: string) => isPodAddress(value, { allowLoopback: true });
  expect(['127.0.1.1', '::1', '0.0.0.0', '::1%lo'].map(isOne)).toEqual([true, true, false, false]);
});

test.each([
  ['node-1.example', true],
  ['a'.repeat(253), true],
  ['a'.repeat(254), false],
  ['', false],
  ['Node', false],
  ['-a', false],
  ['a b', false],
  ['a\n', false],
  [5, false],
  [['a'], false],
  [null, false],
])('isNodeName(%j) is %j', (value, is) => {
  expect(isNodeName(value)).toBe(is);
});

test.each([
  ['a name', nameText, 253],
  ['the value of a label', labelText, 63],
])('a text that is longer than %s can be, or not ASCII, is not kept', (_, text, most) => {
  const all = ['a'.repeat(most), 'a'.repeat(most + 1), 'Europe/1_a', 'ü', 'a\n', 5, ['a'], null];
  const none = Array(5).fill('');
  expect(all.map(text)).toEqual(['a'.repeat(most), '', 'Europe/1_a', ...none]);
});

test('logOnce() passes each text on once, and at most ten in all', () => {
  const reported: string[] = [];
  const report = logOnce((text) => reported.push(text));
  const texts = Array.from({ length: 20 }, (_, index) => `${index}`);
  for (const text of [...texts, ...texts]) report(text);
  expect(reported).toEqual(texts.slice(0, 10));
});
