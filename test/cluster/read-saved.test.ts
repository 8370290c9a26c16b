import { expect, test } from 'vitest';
import { readSaved } from '../../src/cluster/read-saved.ts';
import { smallView } from '../verdict/small-view.ts';

const VIEW = smallView({
  nodes: { 'node-1': 'a', 'node-2': 'a', 'node-3': '' },
  silent: { 'node-2': 'refused' },
  cordoned: ['node-3'],
  podListError: 'no response within 5 s',
});

test('readSaved() returns the view of a saved /cluster.json', () => {
  const silent = [...VIEW.silent, { pod: 'pod', node: 'node-4', cause: null, text: 'late' }];
  const view = { ...VIEW, silent };
  expect(readSaved(JSON.stringify({ schema: 1, findings: [], view }))).toEqual(view);
});

test.each<[text: string, message: string]>([
  ['', 'the file must be JSON'],
  ['<html>', 'the file must be JSON'],
  ['[]', 'the file must be an object'],
  ['{}', 'view must be an object'],
  [JSON.stringify({ view: { ...VIEW, now: null } }), 'now must be a number from 0 to 100000000000'],
  [JSON.stringify({ view: { ...VIEW, collector: 1 } }), 'collector must be an object'],
  [JSON.stringify({ view: { ...VIEW, expected: 1 } }), 'expected must be a list'],
  [JSON.stringify({ view: { ...VIEW, cordoned: [1] } }), 'name must be a text'],
  [JSON.stringify({ view: { ...VIEW, reports: [null] } }), 'the report must be an object'],
  [
    JSON.stringify({ view: { ...VIEW, silent: [{ ...VIEW.silent[0], cause: 'x' }] } }),
    'cause must be one of unreachable, refused, ',
  ],
])('readSaved() refuses what is not a saved /cluster.json (%#)', (text, message) => {
  expect(() => readSaved(text)).toThrow(message);
});
