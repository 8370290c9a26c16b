import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { LIST_REST, type Received, readEvent, readPage } from '../../src/kubernetes/responses.ts';

/** The objects of a page of more than 2 MiB, so that no two of them end in the same piece. */
const OBJECTS = 25;
const WORK_MS = 3;

/** Reads a page whose bytes arrive one by one, and returns what it has. */
async function pageOf(text: string) {
  const received: Received[] = [];
  const bytes = Readable.from(Array.from(Buffer.from(text), (byte) => Buffer.of(byte)));
  return { ...(await readPage(bytes, (each) => received.push(each))), received };
}

const read = (line: string) => readEvent(Buffer.from(line));

const META = '"metadata":{"resourceVersion":"5"}';

test.each([
  ['null', `{${META},"items":null}`, []],
  ['an empty list', `{${META},"items":[]}`, []],
  ['an object', `{${META},"items":[{"metadata":{"name":"a"}}]}`, ['a']],
  ['objects without a name', `{${META},"items":[null,5,{},{"metadata":{"name":5}}]}`, Array(4)],
  [
    'a text that is no name',
    `{${META},"items":[{"metadata":{"name":"${'a'.repeat(254)}"}},{"metadata":{"name":"ü"}}]}`,
    Array(2),
  ],
])('readPage() reads %s as items', async (_, text, names) => {
  const { received } = await pageOf(text);
  expect(received.map(({ object }) => object?.metadata.name).toSorted()).toEqual([...names]);
});

test('readPage() yields the same objects from a page that it parses whole and from one that it splits', async () => {
  const few = ['null', '5', '{}', '{"metadata":{"name":"b","labels":{"c":"ü"}}}', '[]', '[{}]'];
  const many = Array<string>(17_000).fill('{"metadata":{"name":"a"}}');
  const page = async (items: string[]) => {
    const metadata = '{"resourceVersion":"5","continue":"next"}';
    const { received, ...end } = await pageOf(`{"metadata":${metadata},"items":[${items}]}`);
    const objects = received.map(({ object }) => JSON.stringify(object?.metadata));
    return { ...end, objects: objects.filter((each) => each !== '{"name":"a"}').toSorted() };
  };
  const ofFew = await page(few);
  const objects = ['{"name":"b","labels":{"c":"ü"}}', ...Array(5)];
  expect(ofFew).toEqual({ resourceVersion: '5', next: 'next', objects });
  expect(await page([...few, ...many])).toEqual(ofFew);
});

test('readPage() rests between the pieces of a large page', async () => {
  const object = `{"metadata":{"name":"a"},"x":"${'x'.repeat(100_000)}"}`;
  const page = Buffer.from(`{${META},"items":[${Array(OBJECTS).fill(object)}]}`);
  const begin = performance.now();
  await readPage(Readable.from([page]), () => work(WORK_MS));
  // A timer may fire a millisecond early.
  const both = OBJECTS * (WORK_MS + LIST_REST * WORK_MS - 1);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(both);
});

function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test.each([
  'null',
  '5',
  '[]',
  '{}',
  `{${META}}`,
  `{${META},"items":{}}`,
  `{${META},"items":"a"}`,
  '{"metadata":null,"items":[]}',
  '{"metadata":{"resourceVersion":5},"items":[]}',
  `{"metadata":{"resourceVersion":"${'5'.repeat(254)}"},"items":[]}`,
  '{"metadata":{"resourceVersion":"5","continue":7},"items":[]}',
])('readPage() does not accept %s as a list', async (text) => {
  await expect(pageOf(text)).rejects.toThrow('sent an invalid list');
});

test.each([
  [{ code: 410, message: 'too old' }, 410, 'the API server responded with 410: too old'],
  [{ code: '410', message: { a: 1 } }, 0, 'the API server responded with 0: watch error'],
  [null, 0, 'the API server responded with 0: watch error'],
  [{ code: 500, message: 'a\u001b[2J\u009bb' }, 500, 'the API server responded with 500: a [2J b'],
])('readEvent() throws the error %j', (object, status, message) => {
  const line = JSON.stringify({ type: 'ERROR', object });
  expect(() => read(line)).toThrow(expect.objectContaining({ status, message }));
});

test("readEvent() cuts an error's message of 2 MB", () => {
  const object = { code: 500, message: 'x'.repeat(2_000_000) };
  expect(() => read(JSON.stringify({ type: 'ERROR', object }))).toThrow(
    expect.objectContaining({ message: expect.stringMatching(/^.{20,400}$/) }),
  );
});

test('readEvent() yields no object that has no name', () => {
  const object = { metadata: { name: ['a'], resourceVersion: '7' } };
  expect(read(JSON.stringify({ type: 'ADDED', object }))).toEqual({
    kind: 'changed',
    resourceVersion: '7',
    object: undefined,
    isTooLarge: false,
  });
});
