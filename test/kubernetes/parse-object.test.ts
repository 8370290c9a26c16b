import { expect, test } from 'vitest';
import { KEPT_BYTES, parseObject } from '../../src/kubernetes/parse-object.ts';

/** In Go's order of fields. */
const METADATA = { name: 'a', namespace: 'b', uid: 'c', resourceVersion: '5', labels: { d: 'e' } };
const HEAD = { name: 'a', namespace: 'b', uid: 'c', resourceVersion: '5' };

const parse = (value: object | null) => parseObject(Buffer.from(JSON.stringify(value)));

const dense = (values: number) => ({ imagePullSecrets: Array(values).fill({}) });

test.each([
  ['an object', { metadata: METADATA, spec: dense(9_000) }],
  ['an event', { type: 'ADDED', object: { metadata: METADATA, spec: dense(9_000) } }],
  ['a long text', { metadata: METADATA, spec: { nodeName: 'x'.repeat(2_000_000) } }],
  ['null', null],
])('parseObject() parses %s', (_, value) => {
  expect(parse(value)).toEqual({ value, isTooLarge: false });
});

test.each([
  ['objects', { metadata: METADATA, spec: dense(11_000) }],
  ['arrays', { metadata: METADATA, spec: Array(11_000).fill([]) }],
  ['numbers', { metadata: METADATA, spec: Array(20_001).fill(0) }],
  [
    'fields',
    { kind: 'Pod', apiVersion: 'v1', metadata: METADATA, spec: { ...Array(20_001).fill(0) } },
  ],
  ['bytes', { metadata: METADATA, spec: 'x'.repeat(2_200_000) }],
  ['bytes, not characters', { metadata: METADATA, spec: 'ü'.repeat(1_100_000) }],
])('parseObject() keeps only the head of an object with too many %s', (_, value) => {
  expect(parse(value)).toEqual({
    value: { metadata: HEAD },
    isTooLarge: true,
  });
});

test('parseObject() keeps only the head of an event with too large an object', () => {
  const object = { kind: 'Pod', apiVersion: 'v1', metadata: METADATA, spec: dense(300_000) };
  expect(parse({ type: 'DELETED', object })).toEqual({
    value: { type: 'DELETED', object: { metadata: HEAD } },
    isTooLarge: true,
  });
});

test.each([
  ['does not begin with its metadata', { spec: dense(11_000), metadata: METADATA }],
  ['has metadata that is no object', { metadata: 'a', spec: dense(11_000) }],
  ['has metadata without a text', { metadata: { labels: {}, name: 'a' }, spec: dense(11_000) }],
  ['is an array', Array(11_000).fill({})],
])('parseObject() keeps nothing of an object that is too large and %s', (_, value) => {
  expect(parse(value)).toEqual({
    value: { metadata: undefined },
    isTooLarge: true,
  });
});

test('parseObject() takes no name from text that an attacker chooses', () => {
  const metadata = { generateName: 'x","name":"forged', labels: { name: 'forged' } };
  const { value } = parse({ metadata, spec: dense(11_000) });
  expect(JSON.stringify(value)).not.toContain('forged');
});

test('parseObject() throws if it is not JSON', () => {
  expect(() => parseObject(Buffer.from('{'))).toThrow('the API server sent invalid JSON');
});

test('parseObject() needs no more than the first bytes of an object that is too large', () => {
  const json = JSON.stringify({ metadata: METADATA, spec: 'ü'.repeat(3_000_000) });
  expect(parseObject(Buffer.from(json).subarray(0, KEPT_BYTES))).toEqual({
    value: { metadata: HEAD },
    isTooLarge: true,
  });
});
