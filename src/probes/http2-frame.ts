/** Frame types (RFC 9113, section 6) that concern a client with one request. */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  CONTINUATION: 9,
} as const;

export const FLAG = {
  /** For SETTINGS and PING. */
  ACK: 1,
  END_STREAM: 1,
  END_HEADERS: 4,
  PADDED: 8,
  PRIORITY: 0x20,
} as const;

/** The maximum payload of a frame, in bytes, unless its receiver allows more. */
export const MAX_FRAME_BYTES = 16_384;

const HEAD_BYTES = 9;

/** `stream`: 0 is the connection itself. `end`: where the next frame begins. */
export type Frame = Readonly<{
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
  end: number;
}>;

export function encodeFrame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The frame that begins at `start`; undefined until it is complete. Throws if it is too long. */
export function readFrame(bytes: Buffer, start: number): Frame | undefined {
  if (bytes.length < start + HEAD_BYTES) return undefined;
  const length = bytes.readUIntBE(start, 3);
  if (length > MAX_FRAME_BYTES) throw new Error(`a frame of more than ${MAX_FRAME_BYTES} bytes`);
  const end = start + HEAD_BYTES + length;
  if (bytes.length < end) return undefined;
  return {
    type: bytes.readUInt8(start + 3),
    flags: bytes.readUInt8(start + 4),
    stream: bytes.readUInt32BE(start + 5) & 0x7fffffff,
    payload: bytes.subarray(start + HEAD_BYTES, end),
    end,
  };
}
