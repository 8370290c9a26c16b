import { describe, expect, test } from 'vitest';
import { isCheapToRead } from '../src/certificate-cost.ts';

function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(3);
  length.writeUIntBE(bytes.length, 0, 3);
  return Buffer.concat([length, bytes]);
}

/** A TLS message with these certificates. */
function message(certificates: readonly Buffer[], isTls13: boolean): Buffer {
  const extensions = isTls13 ? Buffer.from([0, 2, 1, 1]) : Buffer.alloc(0);
  const list = Buffer.concat(certificates.flatMap((each) => [withLength(each), extensions]));
  const context = isTls13 ? Buffer.from([0]) : Buffer.alloc(0);
  return Buffer.concat([Buffer.from([11]), withLength(Buffer.concat([context, withLength(list)]))]);
}

describe.each([true, false])('isCheapToRead(), TLS 1.3: %s', (isTls13) => {
  const certificate = Buffer.alloc(600, 0x2a);

  test('accepts at most ten certificates', () => {
    const many = (count: number) =>
      message(
        Array.from({ length: count }, () => certificate),
        isTls13,
      );
    expect(isCheapToRead(many(0), isTls13)).toBe(true);
    expect(isCheapToRead(many(10), isTls13)).toBe(true);
    expect(isCheapToRead(many(11), isTls13)).toBe(false);
  });

  test.each([
    ['over a prime field', '2a8648ce3d0101', false],
    ['over a binary field', '2a8648ce3d0102', false],
    ['with the name prime256v1', '2a8648ce3d030107', true],
  ])('judges a key with a curve %s', (_, field, isCheap) => {
    const key = Buffer.concat([certificate, Buffer.from(field, 'hex'), certificate]);
    expect(isCheapToRead(message([certificate, key], isTls13), isTls13)).toBe(isCheap);
  });

  test('leaves truncated messages and excessive lengths to OpenSSL', () => {
    const whole = message([certificate, certificate], isTls13);
    for (let length = 4; length < 20; length++) {
      expect(isCheapToRead(whole.subarray(0, length), isTls13)).toBe(true);
    }
    expect(isCheapToRead(Buffer.alloc(600, 0xff), isTls13)).toBe(true);
  });
});
