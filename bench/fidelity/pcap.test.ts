import { expect, test } from 'vitest';
import { connectionsOf, readPackets } from './pcap.ts';

const SYN = 2;
const SYN_ACK = 18;
const ACK = 16;
const FIN_ACK = 17;

const CLIENT = { address: [10, 77, 0, 1], port: 40_000 };
const SERVER = { address: [10, 78, 0, 7], port: 8_001 };

type Segment = Readonly<{
  /** Nanoseconds after the first. */
  after: number;
  isFromServer?: boolean;
  flags: number;
  payload?: number;
  sequence?: number;
}>;

/** A frame of the capture: only the headers, as from tcpdump with a short snapshot length. */
function frameOf({ isFromServer = false, flags, payload = 0, sequence = 1 }: Segment): Buffer {
  const [from, to] = isFromServer ? [SERVER, CLIENT] : [CLIENT, SERVER];
  const frame = Buffer.alloc(14 + 20 + 32);
  frame.writeUInt16BE(0x0800, 12);
  frame.writeUInt8(0x45, 14);
  frame.writeUInt16BE(20 + 32 + payload, 16);
  frame.writeUInt8(6, 23);
  Buffer.from(from.address).copy(frame, 26);
  Buffer.from(to.address).copy(frame, 30);
  frame.writeUInt16BE(from.port, 34);
  frame.writeUInt16BE(to.port, 36);
  frame.writeUInt32BE(sequence, 38);
  frame.writeUInt8(0x80, 46);
  frame.writeUInt8(flags, 47);
  return frame;
}

function captureFile(segments: readonly Segment[], magic = 0xa1b23c4d): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(magic, 0);
  header.writeUInt32LE(1, 20);
  const records = segments.flatMap((segment) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(1_795_278_974, 0);
    record.writeUInt32LE(760_000_000 + segment.after, 4);
    const frame = frameOf(segment);
    record.writeUInt32LE(frame.length, 8);
    return [record, frame];
  });
  return Buffer.concat([header, ...records]);
}

function connectionsIn(segments: readonly Segment[]) {
  return connectionsOf(readPackets(captureFile(segments)));
}

const EXCHANGE: readonly Segment[] = [
  { after: 0, flags: SYN },
  { after: 30_500, isFromServer: true, flags: SYN_ACK },
  { after: 31_000, flags: ACK },
  { after: 91_000, flags: ACK, payload: 200 },
  { after: 150_250, isFromServer: true, flags: ACK, payload: 150 },
];

const END: Segment = { after: 200_000, flags: FIN_ACK };

test('connectionsOf() times a connection by its packets', () => {
  expect(connectionsIn([...EXCHANGE, END])).toEqual([
    {
      to: '10.78.0.7:8001',
      syn: 1_795_278_974_760,
      synAck: 0.0305,
      request: 0.091,
      response: 0.15025,
    },
  ]);
});

test('connectionsOf() omits a connection without a response, and one that is still open', () => {
  const [syn, synAck] = EXCHANGE;
  if (!syn || !synAck) throw new Error('no exchange');
  expect(connectionsIn([syn, synAck, END])).toEqual([]);
  expect(connectionsIn(EXCHANGE)).toEqual([]);
});

test('connectionsOf() counts from the first SYN, even if it is sent again', () => {
  const repeated = [{ after: 0, flags: SYN }, ...EXCHANGE.map(later), later(END)];
  expect(connectionsIn(repeated)).toMatchObject([{ synAck: 1.0305, response: 1.15025 }]);
});

test('connectionsOf() treats a SYN with another sequence number as a new connection', () => {
  const reused = [...EXCHANGE, END, ...EXCHANGE.map(later), later(END)].map((segment) => ({
    ...segment,
    sequence: segment.after >= 1_000_000 ? 2 : 1,
  }));
  const gaveUp = [{ after: 0, flags: SYN, sequence: 3 }, ...EXCHANGE.map(later), later(END)];
  expect(connectionsIn(reused)).toHaveLength(2);
  expect(connectionsIn(gaveUp)).toMatchObject([{ synAck: 0.0305 }]);
});

test('connectionsOf() does not treat the end of TLS as a response', () => {
  const alert: Segment = { after: 190_000, isFromServer: true, flags: ACK, payload: 24 };
  expect(connectionsIn([...EXCHANGE, alert, END])).toMatchObject([{ response: 0.15025 }]);
});

test('readPackets() throws for a capture in microseconds', () => {
  const file = captureFile(EXCHANGE, 0xa1b2c3d4);
  expect(() => [...readPackets(file)]).toThrow('not a pcap file of Ethernet frames');
});

function later(segment: Segment): Segment {
  return { ...segment, after: segment.after + 1_000_000 };
}
