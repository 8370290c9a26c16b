import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ListSplitter } from '../../src/kubernetes/list-splitter.ts';
import { KEPT_BYTES } from '../../src/kubernetes/parse-object.ts';

function split(text: string, { bytes = Number.POSITIVE_INFINITY, most = 1_000 } = {}) {
  const objects: string[] = [];
  const list = new ListSplitter(most, (json) => objects.push(json.toString()));
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

test('ListSplitter yields each object once it is complete', () => {
  const objects: string[] = [];
  const list = new ListSplitter(100, (json) => objects.push(json.toString()));
  list.write(Buffer.from('{"items":[{"a":1},{"b":2'));
  expect(objects).toEqual(['{"a":1}']);
});

test('ListSplitter throws for an object or a rest that is too long, before its end', () => {
  const objects = '{"items":[{"a":1234},{"a":1234}]}';
  expect(split(objects, { bytes: 5, most: 10 }).objects).toHaveLength(2);
  expect(() => split('{"items":[{"a":1},{"a":123456', { bytes: 5, most: 10 })).toThrow(
    'an object exceeds 10 bytes',
  );
  expect(() => split(`{"a":"${'x'.repeat(70_000)}`)).toThrow('exceeds 65536 bytes');
});

test('ListSplitter keeps the beginning of a long object, and the next from its beginning', () => {
  const long = `{"a":"${'x'.repeat(2 * KEPT_BYTES)}"}`;
  const most = 3 * KEPT_BYTES;
  const { objects } = split(`{"items":[${long},{"a":1}]}`, { bytes: 65_536, most });
  expect(objects).toEqual([long.slice(0, KEPT_BYTES), '{"a":1}']);
});

/** Prints the ratio of the splitter's CPU time to that of a bare loop over the same bytes. */
const RATIO = `
  const { ListSplitter } = await import(process.argv[1]);
  const table = new Uint8Array(256);
  const bare = (chunk) => {
    let sum = 0;
    for (let at = 0, { length } = chunk; at < length; at += 1) sum += table[chunk[at]];
    return sum;
  };
  const list = new ListSplitter(1e9, () => {});
  list.write(Buffer.from('{"items":[{"a":['));
  const chunk = Buffer.from('{},'.repeat(20_000));
  const cost = (work) => {
    const { user } = process.cpuUsage();
    for (let times = 0; times < 100; times += 1) work(chunk);
    return process.cpuUsage().user - user;
  };
  const split = (chunk) => list.write(chunk);
  for (const work of [bare, split]) cost(work);
  console.log(cost(split) / cost(bare));
`;

test('ListSplitter takes only a few times as long as a bare loop, without optimizing compilers', async () => {
  const file = join(import.meta.dirname, '../../src/kubernetes/list-splitter.ts');
  const flags = ['--no-opt', '--no-maglev', '--input-type=module', '-e', RATIO, file];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  expect(Number(stdout)).toBeGreaterThan(0);
  expect(Number(stdout)).toBeLessThan(4);
});
