import type { DnsQuestion, RecordType } from './dns-question.ts';

/** What is read from a response (RFC 1035, 4.1.1). `isTruncated`: the TC bit. */
export type DnsResponse = Readonly<{
  rcode: number;
  isTruncated: boolean;
  /**
   * The data of the first 16 answers of the queried type, whatever their names, as glibc's
   * getaddrinfo takes them.
   */
  records: readonly Buffer[];
}>;

/** The TYPE value of each record type that can be queried (RFC 1035, RFC 3596, RFC 2782). */
const TYPES: Readonly<Record<RecordType, number>> = {
  A: 1,
  CNAME: 5,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
};

/**
 * The number of addresses that are tried (`dial.ts`). A message over TCP can hold 4,094, which take
 * 11 ms to read (measured).
 */
const MAX_RECORDS = 16;

const HEADER_BYTES = 12;
/** QTYPE and QCLASS. */
const QUESTION_BYTES = 4;
/** TYPE, CLASS, TTL and RDLENGTH. */
const RECORD_BYTES = 10;
const RESPONSE = 0x8000;
const RECURSION_DESIRED = 0x0100;
const TRUNCATED = 0x0200;
const RCODE = 0x000f;
const CLASS_IN = 1;
/** The first two bits of a compressed name's pointer. */
const POINTER = 0xc0;

/** A query with one question. `id`: 16 bits. `name`: as `readQuestion()` returns it. */
export function encodeQuery(id: number, { name, type }: Pick<DnsQuestion, 'name' | 'type'>) {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(RECURSION_DESIRED, 2);
  header.writeUInt16BE(1, 4);
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'));
  const encoded = labels.flatMap((label) => [Buffer.from([label.length]), label]);
  return Buffer.concat([header, ...encoded, Buffer.from([0, 0, TYPES[type], 0, CLASS_IN])]);
}

/**
 * Reads a response to this query; undefined if the message is anything else. Names are skipped and
 * compressed ones never followed, so that the time is bounded by the message's length.
 */
export function readResponse(message: Buffer, query: Buffer): DnsResponse | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const flags = message.readUInt16BE(2);
  const isResponse = (flags & RESPONSE) !== 0 && message.readUInt16BE(0) === query.readUInt16BE(0);
  if (!isResponse) return undefined;
  const rcode = flags & RCODE;
  const isTruncated = (flags & TRUNCATED) !== 0;
  const questions = message.readUInt16BE(4);
  // Some servers omit the question from an error response.
  if (questions === 0 && rcode !== 0) return { rcode, isTruncated, records: [] };
  if (questions !== 1 || !isSameQuestion(message, query)) return undefined;
  const records = recordsOf(message, query) ?? (isTruncated ? [] : undefined);
  return records && { rcode, isTruncated, records };
}

/** Ignores case (RFC 4343). */
function isSameQuestion(message: Buffer, query: Buffer): boolean {
  const [responded, queried] = [message, query].map((each) =>
    each.subarray(HEADER_BYTES, query.length).toString('latin1').toLowerCase(),
  );
  return responded === queried;
}

/**
 * The data of the first answers of the queried type; undefined if the message ends before they do.
 */
function recordsOf(message: Buffer, query: Buffer): Buffer[] | undefined {
  const typeAndClass = query.readUInt32BE(query.length - QUESTION_BYTES);
  const answers = message.readUInt16BE(6);
  const records: Buffer[] = [];
  let offset = query.length;
  for (let i = 0; i < answers && records.length < MAX_RECORDS; i++) {
    const start = afterName(message, offset);
    const data = start + RECORD_BYTES;
    if (data > message.length) return undefined;
    offset = data + message.readUInt16BE(data - 2);
    if (offset > message.length) return undefined;
    if (message.readUInt32BE(start) === typeAndClass) records.push(message.subarray(data, offset));
  }
  return records;
}

/**
 * Where the name at this offset ends: after an empty label, or after the first pointer (RFC 1035,
 * 4.1.4). Beyond the message if that ends first.
 */
function afterName(message: Buffer, start: number): number {
  let offset = start;
  while (offset < message.length) {
    const length = message.readUInt8(offset);
    if (length === 0) return offset + 1;
    if (length >= POINTER) return offset + 2;
    offset += 1 + length;
  }
  return Number.POSITIVE_INFINITY;
}
