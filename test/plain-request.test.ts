import { expect, test } from 'vitest';
import { plainRequest } from '../src/plain-request.ts';
import { MAX_HEAD } from '../src/request-guard.ts';

const LINE = 'GET /alwayshappy HTTP/1.1\r\n';

const END = 'Host: a\r\nConnection: close\r\n\r\n';

/** Reads a request from these characters, each of which is a byte. */
const read = (text: string) => plainRequest(Buffer.from(text, 'latin1'));

/** A request of this many bytes. */
const ofLength = (bytes: number) =>
  `${LINE}KUBENURSE-PADDING: ${'x'.repeat(bytes - LINE.length - END.length - 21)}\r\n${END}`;

test('plainRequest() reads a request of a neighbour', () => {
  const head = `${LINE}Host: 10.1.2.3:8080\r\nConnection: close\r\nUser-Agent: kubenurse/2.0.0\r\nKUBENURSE-NEIGHBOUR-ORIGIN: kubenurse-1\r\nKUBENURSE-PADDING: xxx\r\n\r\n`;
  expect(read(head)).toEqual({
    path: '/alwayshappy',
    fields: {
      host: '10.1.2.3:8080',
      connection: 'close',
      'user-agent': 'kubenurse/2.0.0',
      'kubenurse-neighbour-origin': 'kubenurse-1',
      'kubenurse-padding': 'xxx',
    },
  });
});

test('plainRequest() reads a request of kubelet', () => {
  const head =
    'GET /ready HTTP/1.1\r\nHost: 10.1.2.3:8080\r\nUser-Agent: kube-probe/1.34\r\nAccept: */*\r\nConnection: close\r\n\r\n';
  expect(read(head)).toEqual({
    path: '/ready',
    fields: {
      host: '10.1.2.3:8080',
      'user-agent': 'kube-probe/1.34',
      accept: '*/*',
      connection: 'close',
    },
  });
});

test('plainRequest() reads names in any case, a value of one character, and up to 24 KiB', () => {
  const { fields } = read(`${LINE}HOST: a\r\ncOnnection: close\r\n\r\n`) ?? {};
  expect(fields).toEqual({ host: 'a', connection: 'close' });
  expect(ofLength(MAX_HEAD)).toHaveLength(MAX_HEAD);
  expect(read(ofLength(MAX_HEAD))).toBeDefined();
});

test.each([
  ['nothing', ''],
  ['half a request line', 'GET /always'],
  ['a request line alone', LINE],
  ['a head without its end', `${LINE}${END.slice(0, -2)}`],
  ['a head that ends within its fields', `${LINE}Connection: close\r\nHost: a\r\nAccept: y\r\n`],
  ['a head without the last byte of its end', `${LINE}${END.slice(0, -1)}`],
  ['one byte more than 24 KiB', ofLength(MAX_HEAD + 1)],
  ['a line before it', `\r\n${LINE}${END}`],
  ['a method that ends in GET', `FOR${LINE}${END}`],
  ['another method', `HEAD${LINE.slice(3)}${END}`],
  ['a method in lower case', `get${LINE.slice(3)}${END}`],
  ['HTTP/1.0', `GET /alwayshappy HTTP/1.0\r\n${END}`],
  ['no version', `GET /alwayshappy\r\n${END}`],
  ['two spaces in the request line', `GET  /alwayshappy HTTP/1.1\r\n${END}`],
  ['a space behind the request line', `GET /alwayshappy HTTP/1.1 \r\n${END}`],
  ['a query', `GET /alwayshappy?x=1 HTTP/1.1\r\n${END}`],
  ['an absolute URL', `GET http://a/alwayshappy HTTP/1.1\r\n${END}`],
  ['a path with an escape', `GET /alwayshapp%79 HTTP/1.1\r\n${END}`],
  ['a path that is not ASCII', `GET /alwayshapp\xfd HTTP/1.1\r\n${END}`],
  ['no host', `${LINE}Connection: close\r\n\r\n`],
  ['two hosts', `${LINE}Host: a\r\n${END}`],
  ['no Connection', `${LINE}Host: a\r\n\r\n`],
  ['keep-alive', `${LINE}Host: a\r\nConnection: keep-alive\r\n\r\n`],
  ['Connection: Close', `${LINE}Host: a\r\nConnection: Close\r\n\r\n`],
  ['two of Connection', `${LINE}Connection: close\r\n${END}`],
  ['a list in Connection', `${LINE}Host: a\r\nConnection: close, upgrade\r\n\r\n`],
  ['a length of 0', `${LINE}Content-Length: 0\r\n${END}`],
  ['a length', `${LINE}Content-Length: 1\r\n${END}x`],
  ['a coding', `${LINE}Transfer-Encoding: chunked\r\n${END}`],
  ['a coding and a body', `${LINE}Transfer-Encoding: chunked\r\n${END}0\r\n\r\n`],
  ['an expectation', `${LINE}Expect: 100-continue\r\n${END}`],
  ['an upgrade', `${LINE}Upgrade: h2c\r\n${END}`],
  ['a field of which it does not know', `${LINE}X: y\r\n${END}`],
  ['the name of a field of objects', `${LINE}constructor: y\r\n${END}`],
  ['a field that no client of ours sends', `${LINE}Kubenurse-Other: x\r\n${END}`],
  ['the same padding twice', `${LINE}Kubenurse-Padding: x\r\nKUBENURSE-PADDING: x\r\n${END}`],
  ['no colon', `${LINE}Accept\r\n${END}`],
  ['no name', `${LINE}: y\r\n${END}`],
  ['a space before the colon', `${LINE}Accept : y\r\n${END}`],
  ['a space before the name', `${LINE} Accept: y\r\n${END}`],
  ['a value over two lines', `${LINE}Accept: y\r\n z\r\n${END}`],
  ['no space before the value', `${LINE}Accept:y\r\n${END}`],
  ['two spaces before the value', `${LINE}Accept:  y\r\n${END}`],
  ['a space behind the value', `${LINE}Accept: y \r\n${END}`],
  ['no value', `${LINE}Accept: \r\n${END}`],
  ['a tab', `${LINE}Accept: y\tz\r\n${END}`],
  ['a zero byte', `${LINE}Accept: y\0z\r\n${END}`],
  ['a delete character', `${LINE}Accept: y\x7fz\r\n${END}`],
  ['what is not ASCII', `${LINE}Accept: y\xe4z\r\n${END}`],
  ['a line end without CR', `${LINE}Accept: y\nConnection: close\r\n${END}`],
  ['a line end without LF', `${LINE}Accept: y\rConnection: close\r\n${END}`],
  ['line ends without CR', `${LINE}${END}`.replaceAll('\r', '')],
  ['an empty line among the fields', `${LINE}Accept: y\r\n\r\n${END}`],
  ['a byte behind it', `${LINE}${END}x`],
  ['a line end behind it', `${LINE}${END}\r\n`],
  ['another request behind it', `${LINE}${END}`.repeat(2)],
])('plainRequest() leaves %s to node:http', (_, text) => {
  expect(read(text)).toBeUndefined();
});
