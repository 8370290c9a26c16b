import { describe, expect, test } from 'vitest';
import { type ResponseHead, ResponseHeadReader } from '../../src/probes/response.ts';

function read(...chunks: string[]): ResponseHead | undefined {
  const reader = new ResponseHeadReader();
  let head: ResponseHead | undefined;
  for (const chunk of chunks) head ??= reader.add(Buffer.from(chunk, 'latin1'));
  return head;
}

const WHOLE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n';

describe('ResponseHeadReader', () => {
  test('returns the head, and the part of the body that has arrived with it', () => {
    const head = read(`${WHOLE}ok`);

    expect(head).toMatchObject({ status: 200, reason: 'OK' });
    expect(Object.fromEntries(head?.headers ?? [])).toEqual({ 'content-length': '2' });
    expect(head?.body.toString()).toBe('ok');
  });

  test('returns the same wherever the bytes are split', () => {
    for (let cut = 1; cut < WHOLE.length; cut++) {
      expect(read(WHOLE.slice(0, cut), WHOLE.slice(cut))).toEqual(read(WHOLE));
    }
    expect(read(...WHOLE)).toEqual(read(WHOLE));
  });

  test.each(['', 'H', 'HTTP/1.', 'HTTP/1.1 200 OK\r\n', WHOLE.slice(0, -1)])(
    'waits for more after %j',
    (text) => {
      expect(read(text)).toBeUndefined();
    },
  );

  test.each([
    ['HTTP/1.1 200 OK', 200, 'OK'],
    ['HTTP/1.0 200 OK', 200, 'OK'],
    ['HTTP/1.1 503 Service Unavailable', 503, 'Service Unavailable'],
    ['HTTP/1.1  200 OK', 200, 'OK'],
    ['HTTP/1.2 200 OK', 200, 'OK'],
    ['HTTP/1.1 404 ', 404, ''],
    ['HTTP/1.1 404', 404, ''],
    ['HTTP/1.1 999 unassigned', 999, 'unassigned'],
  ])('reads the status line %j', (line, status, reason) => {
    expect(read(`${line}\r\n\r\n`)).toMatchObject({ status, reason });
  });

  test.each([
    'HTTP/1.1 99 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 099 OK',
    'HTTP/1.1 200\tOK',
    'HTTP/1.1 -20 OK',
    'HTTP/1.10 200 OK',
    'HTTP/2 200 OK',
    'http/1.1 200 OK',
    ' HTTP/1.1 200 OK',
    'SSH-2.0-OpenSSH',
    '',
  ])('throws on the status line %j', (line) => {
    expect(() => read(`${line}\r\n\r\n`)).toThrow('the response is not HTTP/1');
  });

  test.each(['x', 'HTTPS', '\x15\x03\x01', '\n'])('throws as soon as it begins with %j', (text) => {
    expect(() => read(text)).toThrow('the response is not HTTP/1');
  });

  test('reads field names case-insensitively, values without surrounding blanks, and the first of several', () => {
    const head = read(
      'HTTP/1.1 200 OK\r\nA: one\r\nLocation:\t http://a.test:80/ \r\na:two\r\nno colon\r\n: x\r\nempty:\r\n\r\n',
    );

    expect(Object.fromEntries(head?.headers ?? [])).toEqual({
      a: 'one',
      location: 'http://a.test:80/',
      empty: '',
    });
  });

  test('accepts lines that end with LF only, wherever the bytes are split', () => {
    const lf = WHOLE.replaceAll('\r\n', '\n');

    expect(read(`${lf}ok`)).toEqual(read(`${WHOLE}ok`));
    expect(read(...lf)).toEqual(read(WHOLE));
    expect(read('HTTP/1.1 200 OK\r\na: b\n\r\nok')).toEqual(read('HTTP/1.1 200 OK\na: b\r\n\nok'));
    expect(read('HTTP/1.1 200 OK\n\r')).toBeUndefined();
  });

  test('joins a value that continues in the next line, which begins with a blank', () => {
    const head = read('HTTP/1.1 302 Found\r\nLocation:\r\n\t /there\r\nb: c\r\n\r\n');

    expect(Object.fromEntries(head?.headers ?? [])).toEqual({ location: '/there', b: 'c' });
  });

  test('treats 101 as a response that no other follows', () => {
    expect(read('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nxyz')).toMatchObject({
      status: 101,
      reason: 'Switching Protocols',
    });
  });

  test('skips informational responses, wherever the bytes are split', () => {
    const all = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${WHOLE}ok`;

    expect(read(all)).toEqual(read(`${WHOLE}ok`));
    expect(read(...all)).toEqual(read(WHOLE));
    expect(() => read('HTTP/1.1 100 Continue\r\n\r\nx')).toThrow('the response is not HTTP/1');
  });

  const MAX = 200 * 1024;
  const tooLong = 'the response head exceeds 204800 bytes';

  test('accepts a head of 200 KiB, but not a longer one', () => {
    const padded = (bytes: number) => {
      const start = 'HTTP/1.1 200 OK\r\nA: ';
      return `${start}${'a'.repeat(bytes - start.length)}`;
    };

    expect(read(`${padded(MAX - 4)}\r\n\r\n`)).toMatchObject({ status: 200 });
    expect(() => read(`${padded(MAX - 3)}\r\n\r\n`)).toThrow(tooLong);
    expect(read(padded(MAX))).toBeUndefined();
    expect(() => read(padded(MAX + 1))).toThrow(tooLong);
    expect(() => read(padded(MAX), 'a')).toThrow(tooLong);
  });

  test('accepts no more than that for all heads of one response', () => {
    const hints = `HTTP/1.1 103 Early Hints\r\nLink: ${'a'.repeat(50_000)}\r\n\r\n`;

    expect(read(hints.repeat(4) + WHOLE)).toMatchObject({ status: 200 });
    expect(() => read(hints.repeat(5) + WHOLE)).toThrow(tooLong);
    expect(() => read(hints, hints, hints, hints, hints)).toThrow(tooLong);
  });

  test('accepts at most 16 informational responses', () => {
    const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

    expect(read(CONTINUE.repeat(16) + WHOLE)).toMatchObject({ status: 200 });
    expect(() => read(CONTINUE.repeat(17))).toThrow('more than 16 informational responses (1xx)');
  });

  test('accepts at most 1,000 lines in all heads of one response', () => {
    const hints = `HTTP/1.1 103 Early Hints\r\n${'A: b\r\n'.repeat(99)}\r\n`;
    const lines = (count: number) => `HTTP/1.1 200 OK\r\n${'A:\r\n'.repeat(count - 2)}\r\n`;

    expect(read(hints.repeat(9) + lines(91))).toMatchObject({ status: 200 });
    for (const tooMany of [lines(1_100), hints.repeat(11), 'HTTP/1.1 200 OK\n a'.repeat(1_100)]) {
      expect(() => read(tooMany)).toThrow('the response head has more than 1000 lines');
    }
  });

  test('accepts a head in at most 1,000 pieces', () => {
    const start = 'HTTP/1.1 200 OK\r\nA: ';

    expect(read(start, ...Array(998).fill('a'), '\r\n\r\n')).toMatchObject({ status: 200 });
    expect(() => read(start, ...Array(999).fill('a'), '\r\n\r\n')).toThrow(
      'the response head arrived in more than 1000 pieces',
    );
  });

  test('does not count the body as part of the head', () => {
    expect(read(`${WHOLE}${'b'.repeat(100_000)}`)?.body.length).toBe(100_000);
  });
});
