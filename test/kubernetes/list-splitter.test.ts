import { expect, test } from 'vitest';
import { ListSplitter } from '../../src/kubernetes/list-splitter.ts';

function split(text: string, { bytes = Number.POSITIVE_INFINITY, most = 1_000 } = {}) {
  const objects: string[] = [];
  const list = new ListSplitter(most, (json) => objects.push(json));
  const whole = Buffer.from(text);
  for (let at = 0; at < whole.length; at += bytes) list.write(whole.subarray(at, at + bytes));
  return { objects, rest: list.rest };
}

const QUOTED = '{"a":"}]\\"{[\\\\","b":[{"c":[]},{}]}';
const CITY = '{"name":"Zürich 🏔"}';

test.each([
  ['{"metadata":{"a":{}},"items":[]}', [], '{"metadata":{"a":{}},"items":[]}'],
  [
    '{"items":[{"a":1},{"b":{}}],"metadata":{}}',
    ['{"a":1}', '{"b":{}}'],
    '{"items":[{},{}],"metadata":{}}',
  ],
  [`{"items":[${QUOTED},${CITY}]}`, [QUOTED, CITY], '{"items":[{},{}]}'],
  [
    `{"metadata":{"a":"ü\\"[{"},"items": [ ${CITY} ] }`,
    [CITY],
    '{"metadata":{"a":"ü\\"[{"},"items": [ {} ] }',
  ],
  ['{"items":[null,[{"a":1}],5,{}]}', ['{}'], '{"items":[null,[{"a":1}],5,{}]}'],
  ['{"items":{"a":{"b":[{}]}}}', [], '{"items":{"a":{"b":[{}]}}}'],
  ['[[{}]]', ['{}'], '[[{}]]'],
  ['{"items":[{"a":', [], '{"items":['],
  ['}]}', [], '}]}'],
])('ListSplitter splits %s, however it is cut', (text, objects, rest) => {
  for (const bytes of [1, 2, 3, 1_000]) expect(split(text, { bytes })).toEqual({ objects, rest });
});

test('ListSplitter gives each object once it is complete', () => {
  const objects: string[] = [];
  const list = new ListSplitter(100, (json) => objects.push(json));
  list.write(Buffer.from('{"items":[{"a":1},{"b":2'));
  expect(objects).toEqual(['{"a":1}']);
});

test('ListSplitter throws at an object or a rest that is too long, before its end', () => {
  const objects = '{"items":[{"a":1234},{"a":1234}]}';
  expect(split(objects, { bytes: 5, most: 10 }).objects).toHaveLength(2);
  expect(() => split('{"items":[{"a":1},{"a":123456', { bytes: 5, most: 10 })).toThrow(
    'an object exceeds 10 bytes',
  );
  expect(() => split(`{"a":"${'x'.repeat(70_000)}`)).toThrow('exceeds 65536 bytes');
});
