import { expect, test } from 'vitest';
import { isCheapHello, SESSION_LENGTH_AT } from '../src/client-hello-cost.ts';

/**
 * A ClientHello whose session, ciphers and compression are three of these bytes each, with an
 * extension of this many bytes of authorities.
 */
function helloOf(byte: number, authorities: number): Buffer {
  const three = [byte, byte, byte];
  const head = Buffer.alloc(SESSION_LENGTH_AT);
  const rest = [3, ...three, 0, 3, ...three, 3, ...three, 0, 0];
  const list = [0, 47, authorities >> 8, authorities & 255];
  return Buffer.concat([head, Buffer.from([...rest, ...list]), Buffer.alloc(authorities)]);
}

test('isCheapHello() finds a long list whatever the fields before it contain', () => {
  expect([0, 47, 255].map((byte) => isCheapHello(helloOf(byte, 128)))).toEqual([true, true, true]);
  expect([0, 47, 255].map((byte) => isCheapHello(helloOf(byte, 129)))).toEqual([
    false,
    false,
    false,
  ]);
});

test('isCheapHello() does not read beyond the end', () => {
  const hello = helloOf(255, 129);
  const listAt = hello.length - 129;
  for (let length = 4; length < listAt; length += 1) {
    expect([length, isCheapHello(hello.subarray(0, length))]).toEqual([length, true]);
  }
  expect(isCheapHello(Buffer.alloc(4_096, 255))).toBe(true);
});
