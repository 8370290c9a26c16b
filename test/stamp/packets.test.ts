import { expect, test } from 'vitest';
import {
  decodeReply,
  encodeTestPacket,
  isTestPacket,
  sessionOf,
  stampReply,
  toReply,
} from '../../src/stamp/packets.ts';

/** 2026-01-01 00:00:00.5 UTC, 0xED003780 in NTP seconds. */
const SENT = 1_767_225_600.5;

const REQUEST = Buffer.from(
  [
    '00000007', // sequence number
    'ed00378080000000', // timestamp
    '1601', // error estimate: S=0, Z=0, scale 22, multiplier 1
    'abcd', // session identifier
    '00'.repeat(28), // MBZ
  ].join(''),
  'hex',
);

const REPLY = Buffer.from(
  [
    '00000005', // sequence number
    'ed00378140000000', // timestamp
    '1601', // error estimate
    'abcd', // session identifier
    'ed003780c0000000', // receive timestamp
    '00000007', // Session-Sender sequence number
    'ed00378080000000', // Session-Sender timestamp
    '1601', // Session-Sender error estimate
    '0000', // MBZ
    'ff', // Session-Sender TTL
    '000000', // MBZ
  ].join(''),
  'hex',
);

const PACKET = { sequence: 7, session: 0xabcd, timestamp: SENT };

function reply(packet: Buffer): Buffer {
  const copy = Buffer.from(packet);
  toReply(copy, 5, SENT + 0.25);
  stampReply(copy, SENT + 0.75);
  return copy;
}

test('encodeTestPacket() writes the fields of RFC 8762, figure 2', () => {
  expect(encodeTestPacket(PACKET).toString('hex')).toBe(REQUEST.toString('hex'));
});

test('encodeTestPacket() fills a longer packet with an Extra Padding TLV of RFC 8972', () => {
  const packet = encodeTestPacket(PACKET, 52);
  expect(packet.toString('hex')).toBe(`${REQUEST.toString('hex')}80010004${'00'.repeat(4)}`);
});

test('toReply() writes the fields of RFC 8762, figure 4', () => {
  expect(reply(REQUEST).toString('hex')).toBe(REPLY.toString('hex'));
});

test('toReply() repeats every TLV, and marks unknown and malformed ones', () => {
  const known = '80010002ffff';
  const unknown = '00ee0001aa';
  const malformed = '00010009bb';
  const request = Buffer.concat([REQUEST, Buffer.from(known + unknown + malformed, 'hex')]);
  expect(reply(request).subarray(44).toString('hex')).toBe('00010002ffff80ee0001aa40010009bb');
});

test.each(['00', '000100'])(
  'toReply() marks a TLV without a whole head (%s) as malformed',
  (tlv) => {
    const request = Buffer.concat([REQUEST, Buffer.from(tlv, 'hex')]);
    expect(reply(request).subarray(44).toString('hex')).toBe(`40${tlv.slice(2)}`);
  },
);

test('decodeReply() reads what a Session-Reflector wrote', () => {
  expect(decodeReply(REPLY)).toEqual({
    sequence: 5,
    session: 0xabcd,
    timestamp: SENT + 0.75,
    received: SENT + 0.25,
    senderSequence: 7,
    senderTimestamp: SENT,
  });
  expect(decodeReply(REPLY.subarray(1))).toBeUndefined();
});

test('a timestamp after 2036 belongs to the next era', () => {
  const late = 2_100_000_000.25;
  const packet = Buffer.from(REPLY);
  stampReply(packet, late);
  expect(packet.subarray(4, 12).toString('hex')).toBe('00d5f38040000000');
  expect(decodeReply(packet)?.timestamp).toBe(late);
});

test('isTestPacket() distinguishes the packet of a Session-Sender from replies and from truncated packets', () => {
  expect(isTestPacket(REQUEST)).toBe(true);
  expect(isTestPacket(REPLY)).toBe(false);
  expect(isTestPacket(REQUEST.subarray(1))).toBe(false);
  expect(sessionOf(REQUEST)).toBe(0xabcd);
});
