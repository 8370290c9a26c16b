import { loadSocketOptions, SOL_SOCKET } from './socket-options.ts';

const SO_ATTACH_FILTER = 26;
const SO_DETACH_FILTER = 27;

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

/** What is returned is how many bytes of the packet are let through. */
const DROP: Instruction = [RETURN, 0, 0, 0];
const PASS: Instruction = [RETURN, 0, 0, 0xffffffff];

/**
 * Has a listening socket drop packets from these addresses, each given as its 4 or 16 bytes (latin1), in place of those before: the
 * connections that it has accepted go on. Returns whether the kernel accepts it.
 */
export type DropPackets = (fd: number, addresses: ReadonlySet<string>) => boolean;

/** Rejects where socket options cannot be set. It takes no privilege. */
export async function createDropPackets(): Promise<DropPackets> {
  const { setsockopt, getRawPointer } = await loadSocketOptions();
  // struct sock_fprog: the number of instructions, and where they are.
  const program = new ArrayBuffer(16);
  const [count, pointer] = [new Uint16Array(program, 0, 1), new BigUint64Array(program, 8, 1)];
  const programAt = getRawPointer(program);
  return (fd, addresses) => {
    const instructions = dropFrom([...addresses]);
    count[0] = instructions.byteLength / INSTRUCTION_BYTES;
    pointer[0] = getRawPointer(instructions);
    const option = addresses.size === 0 ? SO_DETACH_FILTER : SO_ATTACH_FILTER;
    return setsockopt(fd, SOL_SOCKET, option, programAt, program.byteLength) === 0;
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
