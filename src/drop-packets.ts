import {
  AF_INET,
  loadSetOption,
  loadSocketOptions,
  SOCKADDR_IN6_BYTES,
  SOCKET_FLAGS,
  SOL_SOCKET,
} from './socket-options.ts';

const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const SO_ATTACH_REUSEPORT_CBPF = 51;
const SO_DETACH_REUSEPORT_BPF = 68;
const IPPROTO_IP = 0;
const IP_MINTTL = 21;
const IPPROTO_IPV6 = 41;
const IPV6_MINHOPCOUNT = 73;

/** A packet has a time to live of 64 as a rule; of those with less than so much the kernel drops each. */
const MAX_TTL = 255;

const SOCK_STREAM = 1;

/** struct sock_filter of Linux. */
const INSTRUCTION_BYTES = 8;

/** Instructions of the classic BPF (`linux/bpf_common.h`), each with a constant as its operand. */
const LOAD_BYTE = 0x30;
const LOAD_WORD = 0x20;
const LOAD_MEMORY = 0x60;
const STORE_MEMORY = 0x02;
const AND = 0x54;
const JUMP = 0x05;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;

/** Added to an offset that is one into the network header (`SKF_NET_OFF`): a socket's filter begins at that of TCP. */
const NETWORK = 0xfff00000;

/** Where the source address is. */
const IPV4_SOURCE = 12;
const IPV6_SOURCE = 8;

/** Code, jump where the condition is met, where not (as numbers of instructions), operand. */
type Instruction = readonly [code: number, yes: number, no: number, operand: number];

/** What is returned is which of the sockets at the port takes the packet: the listening one, or the one that takes none. */
const PASS: Instruction = [RETURN, 0, 0, 0];
const DROP: Instruction = [RETURN, 0, 0, 1];

/**
 * Has a listening socket get no packets from these addresses, each given as its 4 or 16 bytes (latin1), in place of those before: the
 * connections that it has accepted go on. Returns whether the kernel accepts it.
 */
export type DropPackets = (listening: number, addresses: ReadonlySet<string>) => boolean;

/**
 * Resolves with what makes a `DropPackets` for each listening socket, which is to be called without addresses at the end. Rejects where
 * socket options cannot be set. It takes no privilege: a filter of the listening socket itself would (CAP_NET_ADMIN, since Linux commit 5d39580f68e6, 2026).
 * So a second socket listens at the same port, and a filter that distributes packets between both gives it those to be dropped.
 */
export async function createDropPackets(): Promise<() => DropPackets> {
  const { getRawPointer, ...calls } = await loadSocketOptions();
  const set = await loadSetOption();
  const address = new ArrayBuffer(SOCKADDR_IN6_BYTES);
  const addressAt = getRawPointer(address);
  const length = new Uint32Array(1);
  const lengthAt = getRawPointer(length.buffer);
  // struct sock_fprog: the number of instructions, and where they are.
  const program = new ArrayBuffer(16);
  const [count, pointer] = [new Uint16Array(program, 0, 1), new BigUint64Array(program, 8, 1)];
  const programAt = getRawPointer(program);

  const attach = (listening: number, addresses: ReadonlySet<string>) => {
    const instructions = dropFrom([...addresses]);
    count[0] = instructions.byteLength / INSTRUCTION_BYTES;
    pointer[0] = getRawPointer(instructions);
    const option = SO_ATTACH_REUSEPORT_CBPF;
    return calls.setsockopt(listening, SOL_SOCKET, option, programAt, program.byteLength) === 0;
  };
  /** A socket at the port of another, whose packets have too short a time to live, and which has no room for connections; -1 if there can be none. */
  const openSink = (listening: number): number => {
    length[0] = address.byteLength;
    if (calls.getsockname(listening, addressAt, lengthAt) !== 0) return -1;
    const [family = 0] = new Uint16Array(address, 0, 1);
    const sink = calls.socket(family, SOCK_STREAM | SOCKET_FLAGS, 0);
    const isOpen =
      set(listening, SOL_SOCKET, SO_REUSEPORT, 1) &&
      set(sink, SOL_SOCKET, SO_REUSEPORT, 1) &&
      // As Node does for the other, whose connections would be in the way.
      set(sink, SOL_SOCKET, SO_REUSEADDR, 1) &&
      set(sink, IPPROTO_IP, IP_MINTTL, MAX_TTL) &&
      (family === AF_INET || set(sink, IPPROTO_IPV6, IPV6_MINHOPCOUNT, MAX_TTL)) &&
      calls.bind(sink, addressAt, length[0]) === 0 &&
      calls.listen(sink, 0) === 0;
    if (isOpen) return sink;
    calls.close(sink);
    set(listening, SOL_SOCKET, SO_REUSEPORT, 0);
    return -1;
  };

  return () => {
    let sink = -1;
    const end = (listening: number) => {
      calls.close(sink);
      sink = -1;
      set(listening, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0);
      set(listening, SOL_SOCKET, SO_REUSEPORT, 0);
    };
    return (listening, addresses) => {
      if (addresses.size > 0) {
        if (sink < 0) sink = openSink(listening);
        if (sink >= 0 && attach(listening, addresses)) return true;
      }
      if (sink >= 0) end(listening);
      return addresses.size === 0;
    };
  };
}

function dropFrom(addresses: readonly string[]): ArrayBuffer {
  const words = addresses.map(wordsOf);
  const ipv4 = [
    ...keep(IPV4_SOURCE, 1),
    ...words.filter(({ length }) => length === 1).flatMap(dropIf),
    PASS,
  ];
  const ipv6 = [
    ...keep(IPV6_SOURCE, 4),
    ...words.filter(({ length }) => length === 4).flatMap(dropIf),
    PASS,
  ];
  return encode([
    [LOAD_BYTE, 0, 0, NETWORK],
    [AND, 0, 0, 0xf0],
    [JUMP_IF_EQUAL, 1, 0, 0x40],
    [JUMP, 0, 0, ipv4.length],
    ...ipv4,
    ...ipv6,
  ]);
}

/** Keeps so many words of the packet in the filter's memory: the kernel makes several instructions of one that loads from a packet. */
function keep(source: number, count: number): Instruction[] {
  return Array.from({ length: count }, (_, index): Instruction[] => [
    [LOAD_WORD, 0, 0, NETWORK + source + 4 * index],
    [STORE_MEMORY, 0, 0, index],
  ]).flat();
}

function wordsOf(address: string): number[] {
  const bytes = Buffer.from(address, 'latin1');
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32BE(index * 4));
}

function dropIf(words: readonly number[]): Instruction[] {
  const compare = words.flatMap((word, index): Instruction[] => {
    const behind = 2 * (words.length - index) - 1;
    return [
      [LOAD_MEMORY, 0, 0, index],
      [JUMP_IF_EQUAL, 0, behind, word],
    ];
  });
  return [...compare, DROP];
}

function encode(instructions: readonly Instruction[]): ArrayBuffer {
  const memory = new ArrayBuffer(instructions.length * INSTRUCTION_BYTES);
  instructions.forEach(([code, yes, no, operand], index) => {
    const at = index * INSTRUCTION_BYTES;
    new Uint16Array(memory, at, 1)[0] = code;
    new Uint8Array(memory, at + 2, 2).set([yes, no]);
    new Uint32Array(memory, at + 4, 1)[0] = operand;
  });
  return memory;
}
