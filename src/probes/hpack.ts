import { decodeHuffman } from './huffman.ts';

/** The fields of a response that a check reads: undefined if absent, the first one if repeated. */
export type CheckedFields = Readonly<{
  count: number;
  status: string | undefined;
  location: Encoded | undefined;
}>;

/** The static table's values of `:status` (RFC 7541, appendix A), and the index of the first. */
const STATUSES = ['200', '204', '206', '304', '400', '404', '500'];
const FIRST_STATUS = 8;

/** The index of the only other name in the static table that a check reads. */
const LOCATION = 46;

/** How many entries the static table has. */
const STATIC_ENTRIES = 61;

/** Length of the longest name that a check reads, in bytes; its encoding is no longer. */
const MAX_NAME = 'location'.length;

/** Length of a status, in bytes; its encoding is no longer. */
const MAX_STATUS = 3;

/** The longest value to decode, in encoded bytes: the URL length that servers accept. */
const MAX_VALUE = 8_192;

/** Within the range of bitwise operators, and larger than any header block. */
const MAX_INTEGER = 2 ** 28;

/** A string as received: decoding each would take milliseconds. */
export type Encoded = Readonly<{ bytes: Buffer; isHuffman: boolean }>;

/**
 * Encodes a request field that no intermediary may index, since it may be a secret. The name is in
 * lower case, the value in UTF-8.
 */
export function encodeField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x10]), encodeString(name), encodeString(value)]);
}

function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([encodeLength(bytes.length), bytes]);
}

function encodeLength(length: number): Buffer {
  if (length < 0x7f) return Buffer.from([length]);
  const bytes = [0x7f];
  let rest = length - 0x7f;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/**
 * Reads a header block of a server that was given a dynamic table of 0 bytes: a block that refers
 * to the table is rejected, so that few bytes cannot become many. Throws if it is not a header
 * block, or has more than `maxCount` fields and table size updates.
 */
export function readFields(block: Buffer, maxCount: number): CheckedFields {
  const reader = new BlockReader(block);
  let count = 0;
  let status: string | undefined;
  let location: Encoded | undefined;
  for (let first = reader.peek(); first !== undefined; first = reader.peek()) {
    count++;
    if (count > maxCount) throw new Error(`the response head has more than ${maxCount} fields`);
    // A table size update: not a field, but it takes as long.
    if ((first & 0xe0) === 0x20) {
      if (reader.integer(5) !== 0) throw new Error('the header table is larger than allowed');
      continue;
    }
    const { name, value } = readField(reader, first);
    if (name === ':status') status ??= decodeStatus(value);
    if (name === 'location') location ??= value;
  }
  return { count, status, location };
}

/** `name`: undefined if it is not one that a check reads. */
function readField(
  reader: BlockReader,
  first: number,
): { name: string | undefined; value: Encoded } {
  if ((first & 0x80) !== 0) {
    const index = staticIndex(reader.integer(7));
    const value = Buffer.from(STATUSES[index - FIRST_STATUS] ?? '');
    return { name: staticName(index), value: { bytes: value, isHuffman: false } };
  }
  const index = staticIndex(reader.integer((first & 0x40) === 0 ? 4 : 6));
  const name = index === 0 ? shortName(reader.string()) : staticName(index);
  return { name, value: reader.string() };
}

function staticIndex(index: number): number {
  if (index > STATIC_ENTRIES) throw new Error('a header field refers to an empty table');
  return index;
}

function staticName(index: number): string | undefined {
  if (STATUSES[index - FIRST_STATUS] !== undefined) return ':status';
  return index === LOCATION ? 'location' : undefined;
}

function shortName(name: Encoded): string | undefined {
  return name.bytes.length <= MAX_NAME ? decode(name) : undefined;
}

function decodeStatus(value: Encoded): string {
  return value.bytes.length > MAX_STATUS ? '' : decode(value);
}

/** Decodes a header string, one character per byte. Throws if it is too long or badly encoded. */
export function decode({ bytes, isHuffman }: Encoded): string {
  if (bytes.length > MAX_VALUE) throw new Error(`a header field of more than ${MAX_VALUE} bytes`);
  return isHuffman ? decodeHuffman(bytes) : bytes.toString('latin1');
}

class BlockReader {
  readonly #block: Buffer;
  #at = 0;

  constructor(block: Buffer) {
    this.#block = block;
  }

  /** The next byte, undefined at the end. */
  peek(): number | undefined {
    return this.#block[this.#at];
  }

  /**
   * Reads an integer that begins in the next byte's last `prefixBits` bits (RFC 7541, section 5.1).
   */
  integer(prefixBits: number): number {
    const max = (1 << prefixBits) - 1;
    let value = this.#byte() & max;
    if (value < max) return value;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (value > MAX_INTEGER || factor > MAX_INTEGER) {
        throw new Error('a header field with a number that is too large');
      }
      if ((byte & 0x80) === 0) return value;
    }
  }

  string(): Encoded {
    const isHuffman = ((this.peek() ?? 0) & 0x80) !== 0;
    const length = this.integer(7);
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#block.length) throw cutOff();
    return { bytes: this.#block.subarray(start, this.#at), isHuffman };
  }

  #byte(): number {
    const byte = this.#block[this.#at];
    if (byte === undefined) throw cutOff();
    this.#at++;
    return byte;
  }
}

function cutOff(): Error {
  return new Error('a header field is cut off');
}
