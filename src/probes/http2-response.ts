import { GrowingBytes } from '../growing-bytes.ts';
import { HeadBytes } from './head-bytes.ts';
import { decode, readFields } from './hpack.ts';
import { encodeFrame, FLAG, FRAME, type Frame, readFrame } from './http2-frame.ts';
import { type HeadReader, MAX_HEAD_BYTES, MAX_HEAD_LINES, type ResponseHead } from './response.ts';

/** The stream of a connection's first request, the only one here. */
export const STREAM = 1;

/**
 * The maximum number of frames until the head is complete: a head of 200 KB takes 13, and only a
 * handful of others precede it.
 */
const MAX_FRAMES = 200;

/** RFC 9113, section 6.7. */
const PING_BYTES = 8;

/** RFC 9113, section 7. */
const ERRORS = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

/**
 * Reads the head of the response to the only request of an HTTP/2 connection, within the limits of
 * HTTP/1. `node:http2` is not an option: a server can make it abort the process with a head that
 * never ends (Node 26.10).
 */
export class Http2HeadReader implements HeadReader {
  readonly #reply: (frame: Buffer) => void;
  readonly #bytes = new HeadBytes();
  #frames = 0;
  #fields = 0;
  /** Where the next frame begins. */
  #start = 0;
  /** The header block that is being received. */
  #block: GrowingBytes | undefined;
  #hasBegun = false;

  /** `reply` sends a frame to the server. */
  constructor(reply: (frame: Buffer) => void) {
    this.#reply = reply;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  add(bytes: Buffer): ResponseHead | undefined {
    const received = this.#bytes.add(bytes);
    for (;;) {
      const frame = readFrame(received, this.#start);
      if ((frame?.end ?? received.length) > MAX_HEAD_BYTES) {
        throw new Error(`more than ${MAX_HEAD_BYTES} bytes before the end of the response head`);
      }
      if (frame === undefined) return undefined;
      this.#start = frame.end;
      const head = this.#take(frame);
      if (head !== undefined) return head;
    }
  }

  #take(frame: Frame): ResponseHead | undefined {
    const { type } = frame;
    this.#frames++;
    if (this.#frames > MAX_FRAMES) throw new Error(`more than ${MAX_FRAMES} frames`);
    if (this.#frames === 1 && type !== FRAME.SETTINGS) throw new Error('the peer speaks no HTTP/2');
    if (type === FRAME.HEADERS || type === FRAME.CONTINUATION) return this.#takeFields(frame);
    if (this.#block !== undefined) throw outOfPlace(type);
    this.#takeOther(frame);
    return undefined;
  }

  #takeFields(frame: Frame): ResponseHead | undefined {
    const { type, flags, stream } = frame;
    const isFirst = type === FRAME.HEADERS;
    if (stream !== STREAM || isFirst !== (this.#block === undefined)) throw outOfPlace(type);
    this.#hasBegun = true;
    this.#block ??= new GrowingBytes();
    this.#block.add(isFirst ? fragmentOf(frame) : frame.payload);
    return (flags & FLAG.END_HEADERS) === 0 ? undefined : this.#endBlock(this.#block.bytes());
  }

  #takeOther({ type, flags, stream, payload }: Frame): void {
    switch (type) {
      case FRAME.SETTINGS:
        if ((flags & FLAG.ACK) === 0) this.#acknowledge(type, Buffer.alloc(0));
        return;
      case FRAME.PING:
        // Replies to longer ones would fill the socket of a server that does not read, and hold the
        // connection after the response.
        if (payload.length !== PING_BYTES) throw new Error('a PING of a wrong length');
        if ((flags & FLAG.ACK) === 0) this.#acknowledge(type, payload);
        return;
      case FRAME.RST_STREAM:
        if (stream !== STREAM) throw outOfPlace(type);
        throw new Error(`the server reset the request (${errorName(payload, 0)})`);
      case FRAME.GOAWAY:
        if (isBeforeGoing(payload)) return;
        throw new Error(`the server does not respond to the request (${errorName(payload, 4)})`);
      case FRAME.DATA:
      case FRAME.PUSH_PROMISE:
        throw outOfPlace(type);
    }
  }

  #acknowledge(type: number, payload: Buffer): void {
    this.#reply(encodeFrame(type, FLAG.ACK, 0, payload));
  }

  /** The head of the response; undefined if it is an informational one. */
  #endBlock(block: Buffer): ResponseHead | undefined {
    this.#block = undefined;
    const { count, status, location } = readFields(block, MAX_HEAD_LINES - this.#fields);
    this.#fields += count;
    if (status === undefined || !/^[1-9]\d\d$/.test(status)) {
      throw new Error('the response has no status');
    }
    if (status.startsWith('1')) {
      this.#bytes.passInformational();
      return undefined;
    }
    return {
      status: Number(status),
      reason: '',
      headers: new Map(location === undefined ? [] : [['location', decode(location).trim()]]),
      body: Buffer.alloc(0),
    };
  }
}

/** The part of a header block in a HEADERS frame, without padding and priority. */
function fragmentOf({ flags, payload }: Frame): Buffer {
  const isPadded = (flags & FLAG.PADDED) !== 0;
  const start = (isPadded ? 1 : 0) + ((flags & FLAG.PRIORITY) === 0 ? 0 : 5);
  const end = payload.length - (isPadded ? (payload[0] ?? 0) : 0);
  if (start > end) throw new Error('a HEADERS frame with more padding than it holds');
  return payload.subarray(start, end);
}

/** Whether a server that sent GOAWAY will still respond to the request. */
function isBeforeGoing(payload: Buffer): boolean {
  return errorCode(payload, 4) === 0 && (payload.readUInt32BE(0) & 0x7fffffff) >= STREAM;
}

function errorName(payload: Buffer, at: number): string {
  const code = errorCode(payload, at);
  return ERRORS[code] ?? `error ${code}`;
}

function errorCode(payload: Buffer, at: number): number {
  if (payload.length < at + 4) throw new Error('a frame is cut off');
  return payload.readUInt32BE(at);
}

function outOfPlace(type: number): Error {
  const name = Object.entries(FRAME).find(([, each]) => each === type)?.[0];
  return new Error(`a frame that is out of place (${name ?? `type ${type}`})`);
}
