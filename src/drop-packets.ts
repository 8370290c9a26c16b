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

/** The sink's minimum time to live: the kernel drops packets with less, and most start with 64. */
const MAX_TTL = 255;

const SOCK_STREAM = 1;

/** Size of Linux's struct sock_filter. */
const INSTRUCTION_BYTES = 8;

/** Classic BPF instructions (`linux/bpf_common.h`), each with a constant as its operand. */
const LOAD_BYTE = 0x30;
const LOAD_WORD = 0x20;
const LOAD_MEMORY = 0x60;
const STORE_MEMORY = 0x02;
const AND = 0x54;
const JUMP = 0x05;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;

/** Added to a network header offset (`SKF_NET_OFF`): a socket's filter starts at the TCP header. */
const NETWORK = 0xfff00000;

/** Offsets of the source address. */
const IPV4_SOURCE = 12;
const IPV6_SOURCE = 8;

/** Code, jumps if the condition is met and if not (in instructions), operand. */
type Instruction = readonly [code: number, yes: number, no: number, operand: number];

/**
 * The return value selects the socket that gets the packet: the listening one, or the sink, which
 * drops it.
 */
const PASS: Instruction = [RETURN, 0, 0, 0];
const DROP: Instruction = [RETURN, 0, 0, 1];

/**
 * Drops packets from these addresses to a listening socket, in place of the previous ones. Each is
 * given as its 4 or 16 bytes (latin1). Accepted connections continue. Returns whether the kernel
 * accepts it.
 */
export type DropPackets = (listening: number, addresses: ReadonlySet<string>) => boolean;

/**
 * Resolves with a function that makes a `DropPackets` for each listening socket, to be called
 * without addresses at the end. Rejects if socket options cannot be set. A filter on the listening
 * socket itself would require a privilege (CAP_NET_ADMIN, since Linux commit 5d39580f68e6, 2026).
 * Instead, a second socket, the sink, listens on the same port, and a filter that distributes
 * packets between the two gives it those to drop, which requires none.
 */
export async function createDropPackets(): Promise<() => DropPackets> {
  const { getRawPointer, ...calls } = await loadSocketOptions();
  const set = await loadSetOption();
  const address = new ArrayBuffer(SOCKADDR_IN6_BYTES);
  const addressAt = getRawPointer(address);
  const length = new Uint32Array(1);
  const lengthAt = getRawPointer(length.buffer);
  // struct sock_fprog: the number of instructions, and a pointer to them.
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
  /**
   * Opens a socket on the port of another that drops its packets, because their time to live is too
   * short for it. Of others it completes one connection, which nobody accepts. Returns -1 if that
   * fails.
   */
  const openSink = (listening: number): number => {
    length[0] = address.byteLength;
    if (calls.getsockname(listening, addressAt, lengthAt) !== 0) return -1;
    const [family = 0] = new Uint16Array(address, 0, 1);
    const sink = calls.socket(family, SOCK_STREAM | SOCKET_FLAGS, 0);
    const isOpen =
      set(listening, SOL_SOCKET, SO_REUSEPORT, 1) &&
      set(sink, SOL_SOCKET, SO_REUSEPORT, 1) &&
      // Node sets it on the other socket, whose connections would otherwise prevent the bind.
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

/**
 * Copies this many words of the packet to the filter's memory: the kernel translates each load from
 * a packet into several instructions.
 */
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
