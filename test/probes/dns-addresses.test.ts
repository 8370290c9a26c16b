import { describe, expect, test } from 'vitest';
import { readAddresses } from '../../src/probes/dns-addresses.ts';

const bytes = (hex: string) => Buffer.from(hex, 'hex');

describe('readAddresses()', () => {
  test('reads IPv4 addresses in order', () => {
    const records = [Buffer.from([127, 0, 5, 1]), Buffer.from([255, 255, 255, 255])];
    expect(readAddresses('A', records)).toEqual(['127.0.5.1', '255.255.255.255']);
  });

  test.each([
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['fd000000000000000000000000000001', 'fd00::1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['00010002000300040005000600070008', '1:2:3:4:5:6:7:8'],
    ['00000000000000000000ffff01020304', '::ffff:1.2.3.4'],
  ])('reads the IPv6 address %s', (hex, address) => {
    expect(readAddresses('AAAA', [bytes(hex)])).toEqual([address]);
  });

  test('ignores records of another length', () => {
    const four = Buffer.from([127, 0, 5, 1]);
    expect(readAddresses('A', [Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(16), four])).toEqual([
      '127.0.5.1',
    ]);
    expect(readAddresses('AAAA', [four, Buffer.alloc(15)])).toEqual([]);
  });
});
