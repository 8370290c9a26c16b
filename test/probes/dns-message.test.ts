import {
  type Answer,
  AUTHENTIC_DATA,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  RECURSION_AVAILABLE,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import { describe, expect, test } from 'vitest';
import { encodeQuery, readResponse } from '../../src/probes/dns-message.ts';

const ID = 0xabcd;
const QUERY = encodeQuery(ID, { name: 'a.b.test', type: 'A' });
const QUESTION = { name: 'a.b.test', type: 'A', class: 'IN' } as const;
const ADDRESS: Answer = { type: 'A', name: 'a.b.test', data: '10.0.0.1' };
/** The data of the record of `ADDRESS`. */
const DATA = Buffer.from([10, 0, 0, 1]);
const OTHER: Answer = { ...ADDRESS, name: 'other.test' };
const ADDRESS_6: Answer = { type: 'AAAA', name: 'a.b.test', data: 'fd00::1' };
const ALIAS: Answer = { type: 'CNAME', name: 'a.b.test', data: 'c.test' };

/** A response as the reference implementation encodes it. */
function response(
  {
    flags = 0,
    id = ID,
    questions = [QUESTION],
    answers = [] as Answer[],
    type = 'response',
  } = {} as {
    flags?: number;
    id?: number;
    questions?: readonly object[];
    answers?: Answer[];
    type?: 'query' | 'response';
  },
): Buffer {
  return encode({ type, id, flags, questions: [...questions] as never, answers });
}

test.each(['A', 'AAAA', 'CNAME', 'SRV', 'PTR', 'TXT'] as const)(
  'encodes a query for %s',
  (type) => {
    const query = decode(encodeQuery(ID, { name: 'a.b.test', type }));
    expect(query).toMatchObject({ id: ID, type: 'query', flag_rd: true });
    expect(query.questions).toEqual([{ name: 'a.b.test', type, class: 'IN' }]);
  },
);

describe('readResponse()', () => {
  test.each([
    ['a record', { answers: [ADDRESS] }, { rcode: 0, records: [DATA] }],
    ['an alias and a record', { answers: [ALIAS, ADDRESS] }, { rcode: 0, records: [DATA] }],
    ['records, whatever their names', { answers: [ADDRESS, OTHER] }, { records: [DATA, DATA] }],
    [
      'the first 16 of many records',
      { answers: Array(1_000).fill(ADDRESS) },
      { records: Array(16).fill(DATA) },
    ],
    ['an alias of nothing', { answers: [ALIAS] }, { rcode: 0, records: [] }],
    ['a record of another type', { answers: [ADDRESS_6] }, { rcode: 0, records: [] }],
    ['a record of another class', { answers: [{ ...ADDRESS, class: 'CH' }] }, { records: [] }],
    ['no record', {}, { rcode: 0, records: [] }],
    ['NXDOMAIN', { flags: 3 }, { rcode: 3, records: [] }],
    ['SERVFAIL without a question', { flags: 2, questions: [] }, { rcode: 2, records: [] }],
    ['a truncated one', { flags: TRUNCATED_RESPONSE }, { isTruncated: true, records: [] }],
    [
      'a truncated one with a record',
      { flags: TRUNCATED_RESPONSE, answers: [ADDRESS] },
      { isTruncated: true, records: [DATA] },
    ],
    [
      'other flags',
      { flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | AUTHENTIC_DATA, answers: [ADDRESS] },
      { rcode: 0, isTruncated: false, records: [DATA] },
    ],
    ['a name in upper case', { questions: [{ ...QUESTION, name: 'A.b.TEST' }] }, { rcode: 0 }],
  ])('reads %s', (_, packet, expected) => {
    expect(readResponse(response(packet as never), QUERY)).toMatchObject(expected);
  });

  test.each([
    ['a query', { type: 'query' }],
    ['another id', { id: ID + 1 }],
    ['another name', { questions: [{ ...QUESTION, name: 'a.c.test' }] }],
    ['a longer name', { questions: [{ ...QUESTION, name: 'a.b.test.test' }] }],
    ['another type', { questions: [{ ...QUESTION, type: 'AAAA' }] }],
    ['two questions', { questions: [QUESTION, QUESTION] }],
    ['no question', { questions: [] }],
  ])('ignores a message with %s', (_, packet) => {
    const message = response({ answers: [ADDRESS], ...(packet as object) });
    expect(readResponse(message, QUERY)).toBeUndefined();
  });

  test('ignores a truncated message, wherever it ends', () => {
    const whole = response({ answers: [ALIAS, ADDRESS] });
    expect(readResponse(whole, QUERY)).toBeDefined();
    for (let end = 0; end < whole.length; end++) {
      expect(readResponse(whole.subarray(0, end), QUERY), `${end} bytes`).toBeUndefined();
    }
  });

  test('does not follow pointers: to themselves, or in a chain that every record leads to', () => {
    const head = response();
    const self = Buffer.from([0xc0, head.length, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
    const message = Buffer.concat([head, ...Array.from({ length: 5_000 }, () => self)]);
    message.writeUInt16BE(5_000, 6);
    const before = process.threadCpuUsage();
    expect(readResponse(message, QUERY)?.records).toEqual([]);
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(200);
  });

  test('reads any bytes without an error', () => {
    let state = 1;
    const random = () => (state = (state * 48_271) % 0x7fffffff);
    const whole = response({ answers: [ALIAS, ADDRESS] });
    for (let i = 0; i < 20_000; i++) {
      const message = Buffer.from(whole);
      for (let j = 0; j < 4; j++) message[random() % message.length] = random() % 256;
      readResponse(message, QUERY);
    }
  });
});
