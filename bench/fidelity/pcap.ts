/** A TCP connection by its packets; times in milliseconds, the last three relative to the SYN. */
export type Connection = Readonly<{
  /** The server, `address:port`. */
  to: string;
  /** Since the epoch. */
  syn: number;
  synAck: number;
  /** The last packet of the request. */
  request: number;
  /** The last packet of the response. */
  response: number;
}>;

/** A TCP segment over IPv4. */
export type Packet = Readonly<{
  /** Nanoseconds since the epoch. */
  time: bigint;
  /** `address:port`. */
  from: string;
  to: string;
  sequence: number;
  flags: number;
  /** Bytes of its payload. */
  length: number;
}>;

/** The magic number of a pcap file with nanoseconds, in the byte order of this machine. */
const MAGIC = 0xa1b23c4d;
const ETHERNET = 1;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET_HEADER = 14;
const IPV4 = 0x0800;
const TCP = 6;

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** In bytes. A shorter payload is neither a request nor a response, but the end of TLS. */
const MIN_PAYLOAD = 64;

/** Reads the TCP segments of a capture file (pcap-savefile(5)). Throws if it is of another kind. */
export function* readPackets(file: Buffer): Generator<Packet> {
  if (file.readUInt32LE(0) !== MAGIC || file.readUInt32LE(20) !== ETHERNET) {
    throw new Error('not a pcap file of Ethernet frames with nanoseconds');
  }
  let at = FILE_HEADER;
  while (at < file.length) {
    const seconds = file.readUInt32LE(at);
    const time = BigInt(seconds) * 1_000_000_000n + BigInt(file.readUInt32LE(at + 4));
    const end = at + RECORD_HEADER + file.readUInt32LE(at + 8);
    const packet = readFrame(file.subarray(at + RECORD_HEADER, end), time);
    if (packet) yield packet;
    at = end;
  }
}

function readFrame(frame: Buffer, time: bigint): Packet | undefined {
  const ip = frame.subarray(ETHERNET_HEADER);
  if (frame.readUInt16BE(12) !== IPV4 || ip.readUInt8(9) !== TCP) return undefined;
  const ipHeader = (ip.readUInt8(0) & 15) * 4;
  const tcp = ip.subarray(ipHeader);
  const tcpHeader = (tcp.readUInt8(12) >> 4) * 4;
  return {
    time,
    from: `${ip.subarray(12, 16).join('.')}:${tcp.readUInt16BE(0)}`,
    to: `${ip.subarray(16, 20).join('.')}:${tcp.readUInt16BE(2)}`,
    sequence: tcp.readUInt32BE(4),
    flags: tcp.readUInt8(13),
    length: ip.readUInt16BE(2) - ipHeader - tcpHeader,
  };
}

type Times = {
  to: string;
  sequence: number;
  syn: bigint;
  synAck: bigint;
  request: bigint;
  response?: bigint;
};

/** The connections that got a response and were closed, in the order of their SYNs. */
export function connectionsOf(packets: Iterable<Packet>): Connection[] {
  const open = new Map<string, Times>();
  const closed: Times[] = [];
  for (const packet of packets) {
    const { from, to, flags } = packet;
    const [forth, back] = [`${from} ${to}`, `${to} ${from}`];
    if (isFirstSyn(packet, open.get(forth))) open.set(forth, begun(packet));
    const sent = open.get(forth);
    const received = open.get(back);
    if (sent) addSent(sent, packet);
    if (received) addReceived(received, packet);
    const connection = sent ?? received;
    if (connection?.response === undefined || (flags & (FIN | RST)) === 0) continue;
    closed.push(connection);
    open.delete(forth);
    open.delete(back);
  }
  return closed.map(inMilliseconds).sort((a, b) => a.syn - b.syn);
}

/** False for a repeated one. */
function isFirstSyn({ flags, sequence }: Packet, open: Times | undefined): boolean {
  return (flags & (SYN | ACK)) === SYN && open?.sequence !== sequence;
}

function begun({ to, sequence, time }: Packet): Times {
  return { to, sequence, syn: time, synAck: time, request: time };
}

function addSent(connection: Times, { time, length }: Packet): void {
  if (length >= MIN_PAYLOAD) connection.request = time;
}

function addReceived(connection: Times, { time, flags, length }: Packet): void {
  if (flags & SYN) connection.synAck = time;
  if (length >= MIN_PAYLOAD) connection.response = time;
}

function inMilliseconds({ to, syn, synAck, request, response = syn }: Times): Connection {
  const since = (time: bigint) => Number(time - syn) / 1e6;
  return {
    to,
    syn: Number(syn) / 1e6,
    synAck: since(synAck),
    request: since(request),
    response: since(response),
  };
}
