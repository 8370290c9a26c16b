import { ERROR_ESTIMATE, readTimestamp, writeTimestamp } from './timestamp.ts';

/**
 * Octets of a test packet without TLVs, of a Session-Sender or Session-Reflector (RFC 8762, 4.2.1
 * and 4.3.1).
 */
export const BASE_LENGTH = 44;

/** Octets of a TLV's header: flags, type, length (RFC 8972, section 4). */
const TLV_HEAD = 4;

const EXTRA_PADDING = 1;

/** TLV flags: not understood by the Session-Reflector, and malformed. */
const UNRECOGNIZED = 0x80;
const MALFORMED = 0x40;

/** Offsets of the fields, in octets. From `RECEIVED` on, a Session-Sender sends zeros (MBZ). */
const SEQUENCE = 0;
const TIMESTAMP = 4;
const ESTIMATE = 12;
const SESSION = 14;
const RECEIVED = 16;
const SENDER_SEQUENCE = 24;
const SENDER_TIMESTAMP = 28;
const SENDER_TTL = 40;

/** Sent if the TTL of the received packet cannot be read (RFC 5357, section 4.2.1), as in Node. */
const UNKNOWN_TTL = 255;

const ZEROS = Buffer.alloc(BASE_LENGTH - RECEIVED);

/** A packet of a Session-Sender. */
export type TestPacket = Readonly<{
  sequence: number;
  /** The STAMP Session Identifier (RFC 8972, section 3). */
  session: number;
  /** When it is sent: Unix time in seconds. */
  timestamp: number;
}>;

/**
 * The reply of a Session-Reflector. Times are Unix times in seconds, by the clock of whoever took
 * them.
 */
export type Reply = Readonly<{
  /** The Session-Reflector's own count of its replies in the session, if it is stateful. */
  sequence: number;
  session: number;
  timestamp: number;
  received: number;
  senderSequence: number;
  senderTimestamp: number;
}>;

/**
 * A packet of a Session-Sender, of `length` octets: at least `BASE_LENGTH`. A longer one has an
 * Extra Padding TLV, whose header takes four.
 */
export function encodeTestPacket(
  { sequence, session, timestamp }: TestPacket,
  length = BASE_LENGTH,
): Buffer {
  const packet = Buffer.alloc(length);
  packet.writeUInt32BE(sequence, SEQUENCE);
  writeTimestamp(packet, TIMESTAMP, timestamp);
  packet.writeUInt16BE(ERROR_ESTIMATE, ESTIMATE);
  packet.writeUInt16BE(session, SESSION);
  if (length > BASE_LENGTH) {
    packet.writeUInt8(UNRECOGNIZED, BASE_LENGTH);
    packet.writeUInt8(EXTRA_PADDING, BASE_LENGTH + 1);
    packet.writeUInt16BE(length - BASE_LENGTH - TLV_HEAD, BASE_LENGTH + 2);
  }
  return packet;
}

/**
 * Whether this may be a packet of a Session-Sender. The RFC says to ignore its MBZ octets, but they
 * distinguish it from a reply, so that two Session-Reflectors never reply to each other, nor one to
 * an echo of its own replies.
 */
export function isTestPacket(packet: Buffer): boolean {
  return packet.length >= BASE_LENGTH && packet.subarray(RECEIVED, BASE_LENGTH).equals(ZEROS);
}

/** The STAMP Session Identifier of a packet of a Session-Sender; 0 if it sends none. */
export function sessionOf(packet: Buffer): number {
  return packet.readUInt16BE(SESSION);
}

/**
 * Turns the packet of a Session-Sender into the reply, in place, so that the reply has the same
 * length. `sequence`: its number in the session. Leaves its timestamp to `stampReply`.
 */
export function toReply(packet: Buffer, sequence: number, received: number): void {
  // The session identifier stays in place; the sender's other fields move behind the reflector's.
  packet.copy(packet, SENDER_SEQUENCE, SEQUENCE, SESSION);
  packet.writeUInt32BE(sequence, SEQUENCE);
  packet.writeUInt16BE(ERROR_ESTIMATE, ESTIMATE);
  writeTimestamp(packet, RECEIVED, received);
  packet.writeUInt8(UNKNOWN_TTL, SENDER_TTL);
  markTlvs(packet);
}

/** Writes the time at which the reply is sent. */
export function stampReply(packet: Buffer, timestamp: number): void {
  writeTimestamp(packet, TIMESTAMP, timestamp);
}

/** Sets the flags of each TLV; a reply repeats all TLVs (RFC 8972, section 4). */
function markTlvs(packet: Buffer): void {
  for (let at = BASE_LENGTH; at < packet.length; ) {
    const end = packet.length - at < TLV_HEAD ? Infinity : at + TLV_HEAD + lengthOf(packet, at);
    if (end > packet.length) {
      packet.writeUInt8(MALFORMED, at);
      return;
    }
    packet.writeUInt8(packet.readUInt8(at + 1) === EXTRA_PADDING ? 0 : UNRECOGNIZED, at);
    at = end;
  }
}

function lengthOf(packet: Buffer, tlv: number): number {
  return packet.readUInt16BE(tlv + 2);
}

/** Reads the reply of a Session-Reflector; `undefined` if it is too short to be one. */
export function decodeReply(packet: Buffer): Reply | undefined {
  if (packet.length < BASE_LENGTH) return undefined;
  return {
    sequence: packet.readUInt32BE(SEQUENCE),
    session: packet.readUInt16BE(SESSION),
    timestamp: readTimestamp(packet, TIMESTAMP),
    received: readTimestamp(packet, RECEIVED),
    senderSequence: packet.readUInt32BE(SENDER_SEQUENCE),
    senderTimestamp: readTimestamp(packet, SENDER_TIMESTAMP),
  };
}
