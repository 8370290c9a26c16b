import { describe, expect, test } from 'vitest';
import { Http2HeadReader } from '../../src/probes/http2-response.ts';

const SETTINGS = frame(4, 0, 0, '');

/** `payload`: in hexadecimal digits. */
function frame(type: number, flags: number, stream: number, payload: string): Buffer {
  const bytes = Buffer.from(payload, 'hex');
  return Buffer.from([
    0,
    bytes.length >> 8,
    bytes.length & 255,
    type,
    flags,
    0,
    0,
    0,
    stream,
    ...bytes,
  ]);
}

function headers(block: string, flags = 4): Buffer {
  return frame(1, flags, 1, block);
}

function read(...frames: Buffer[]) {
  return new Http2HeadReader(() => {}).add(Buffer.concat(frames));
}

describe('Http2HeadReader', () => {
  test.each([
    { what: 'a status of the static table', block: '8d', status: 404 },
    { what: 'a status in plain', block: '0803353033', status: 503 },
    // RFC 7541, appendix C.6.1: with a location, and fields that a table would store.
    {
      what: 'compressed strings',
      block:
        '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
      status: 302,
      location: 'https://www.example.com',
    },
    { what: 'names in plain', block: '00073a73746174757303333037', status: 307 },
    { what: 'the size of its table', block: '2088', status: 200 },
  ])('reads $what', ({ block, status, location }) => {
    const head = read(SETTINGS, headers(block));

    expect(head).toMatchObject({ status });
    expect(head?.headers.get('location')).toBe(location);
  });

  test.each([
    { what: 'padding', frames: [headers('028d0000', 0x0c)] },
    { what: 'a priority', frames: [headers('000000001f8d', 0x24)] },
    { what: 'a continuation', frames: [headers('', 0), frame(9, 4, 1, '8d')] },
    { what: 'other frames before', frames: [frame(8, 0, 0, '00000001'), headers('8d')] },
    { what: 'an informational response before', frames: [headers('0803313033'), headers('8d')] },
  ])('reads a head with $what', ({ frames }) => {
    expect(read(SETTINGS, ...frames)).toMatchObject({ status: 404 });
  });

  test('reads a head that arrives byte by byte, and knows when it begins', () => {
    const reader = new Http2HeadReader(() => {});
    const bytes = [...SETTINGS, ...headers('8d')];
    const heads = bytes.map((byte) => reader.add(Buffer.from([byte])));

    expect(heads.pop()).toMatchObject({ status: 404 });
    expect(heads.every((head) => head === undefined)).toBe(true);
    const begun = new Http2HeadReader(() => {});
    begun.add(SETTINGS);
    expect(begun.hasBegun).toBe(false);
    begun.add(headers('', 0));
    expect(begun.hasBegun).toBe(true);
  });

  test('rejects a head in more than 1,000 pieces', () => {
    const reader = new Http2HeadReader(() => {});
    reader.add(SETTINGS);
    reader.add(frame(99, 0, 0, '00'.repeat(2_000)).subarray(0, 9));
    for (let i = 0; i < 998; i++) reader.add(Buffer.from([0]));

    expect(() => reader.add(Buffer.from([0]))).toThrow(/more than 1000 pieces/);
  });

  test.each([
    {
      what: '200 frames',
      frames: Array.from({ length: 200 }, () => frame(6, 1, 0, '00'.repeat(8))),
    },
    {
      what: '200 KB',
      frames: Array.from({ length: 13 }, () => frame(99, 0, 0, '00'.repeat(16_000))),
    },
  ])('rejects more than $what', ({ frames }) => {
    expect(() => read(SETTINGS, ...frames)).toThrow(/more than (200 frames|204800 bytes)/);
  });

  test('acknowledges SETTINGS and PING', () => {
    const replies: Buffer[] = [];
    const reader = new Http2HeadReader((reply) => replies.push(reply));
    const ping = '0102030405060708';

    reader.add(Buffer.concat([SETTINGS, frame(4, 1, 0, ''), frame(6, 0, 0, ping)]));

    expect(replies).toEqual([frame(4, 1, 0, ''), frame(6, 1, 0, ping)]);
  });

  test.each<[string, Buffer[], RegExp]>([
    ['HTTP/1', [Buffer.from('HTTP/1.1 400 Bad Request')], /frame of more than/],
    ['no SETTINGS', [headers('88')], /speaks no HTTP\/2/],
    ['a field that refers to the table', [SETTINGS, headers('88be')], /an empty table/],
    ['a name that refers to the table', [SETTINGS, headers('887e0161')], /an empty table/],
    ['a table', [SETTINGS, headers('3fe11f88')], /table is larger/],
    ['1,001 sizes of the table', [SETTINGS, headers('20'.repeat(1_001))], /more than 1000 fields/],
    ['a string that is cut off', [SETTINGS, headers('0803353')], /cut off/],
    ['a number without end', [SETTINGS, headers('ffffffffffffff')], /too large/],
    ['a wrong code', [SETTINGS, headers('0884ffffffff')], /no status/],
    ['a wrong code in a location', [SETTINGS, headers('880f1f84ffffffff')], /Huffman/],
    ['padding that is not set', [SETTINGS, headers('880f1f8100')], /Huffman/],
    ['padding of more than 7 bits', [SETTINGS, headers('880f1f8207ff')], /Huffman/],
    [
      'fields without end in informational responses',
      [SETTINGS, ...Array.from({ length: 2 }, () => headers(`0803313033${'90'.repeat(500)}`))],
      /more than \d+ fields/,
    ],
    ['no status', [SETTINGS, headers('')], /no status/],
    ['too much padding', [SETTINGS, headers('058d', 0x0c)], /padding/],
    ['a long PING', [SETTINGS, frame(6, 0, 0, '00'.repeat(9))], /wrong length/],
    ['a reset', [SETTINGS, frame(3, 0, 1, '0000000d')], /HTTP_1_1_REQUIRED/],
    ['a farewell', [SETTINGS, frame(7, 0, 0, '0000000000000000')], /does not respond/],
    ['a short farewell', [SETTINGS, frame(7, 0, 0, '00')], /cut off/],
    ['another stream', [SETTINGS, frame(1, 4, 2, '88')], /out of place \(HEADERS\)/],
    ['DATA first', [SETTINGS, frame(0, 0, 1, '')], /out of place \(DATA\)/],
    ['a promise', [SETTINGS, frame(5, 4, 1, '0000000288')], /out of place \(PUSH_PROMISE\)/],
    ['PING within a head', [SETTINGS, headers('', 0), frame(6, 0, 0, '')], /out of place \(PING\)/],
    ['a lone continuation', [SETTINGS, frame(9, 4, 1, '88')], /out of place \(CONTINUATION\)/],
  ])('rejects %s', (_, frames, message) => {
    expect(() => read(...frames)).toThrow(message);
  });
});
