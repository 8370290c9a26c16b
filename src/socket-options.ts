import { Socket as UdpSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import { loadFfi } from './ffi.ts';

/** libc's socket functions, with addresses as integers, and one for the address of memory. */
export type SocketOptions = Readonly<{
  getsockopt: (fd: number, level: number, name: number, value: bigint, length: bigint) => number;
  setsockopt: (fd: number, level: number, name: number, value: bigint, length: number) => number;
  shutdown: (fd: number, how: number) => number;
  accept4: (fd: number, address: bigint, length: bigint, flags: number) => number;
  socket: (family: number, type: number, protocol: number) => number;
  getsockname: (fd: number, address: bigint, length: bigint) => number;
  bind: (fd: number, address: bigint, length: number) => number;
  listen: (fd: number, backlog: number) => number;
  close: (fd: number) => number;
  poll: (descriptors: bigint, count: bigint, timeout: number) => number;
  getRawPointer: (memory: ArrayBuffer) => bigint;
}>;

/** The levels of options for any socket, and for TCP. */
export const SOL_SOCKET = 1;
export const IPPROTO_TCP = 6;

/** SOCK_CLOEXEC and SOCK_NONBLOCK. */
export const SOCKET_FLAGS = 0o2004000;

/** The address family of IPv4, and the bytes of an IPv6 address with its port. */
export const AF_INET = 2;
export const SOCKADDR_IN6_BYTES = 28;

let loading: Promise<SocketOptions> | undefined;

/** Where an address is not the `u64` that it is passed as. */
const ARCHITECTURES_32_BIT: ReadonlySet<string> = new Set(['arm', 'ia32', 'mips', 'mipsel']);

/**
 * Loads the functions, once; calling them needs no privilege. Rejects with the reason on systems
 * other than Linux, on 32-bit machines, and without `node:ffi`.
 */
export function loadSocketOptions(): Promise<SocketOptions> {
  loading ??= load();
  return loading;
}

async function load(): Promise<SocketOptions> {
  if (process.platform !== 'linux')
    throw new Error(`socket options are not supported on ${process.platform}`);
  if (ARCHITECTURES_32_BIT.has(process.arch))
    throw new Error('socket options are not supported on 32-bit machines');
  const { dlopen, getRawPointer } = await loadFfi();
  // Addresses are integers: converting each `pointer` makes a call take half as long again
  // (measured: 5.6 µs instead of 3.9).
  const { functions } = dlopen(null, {
    getsockopt: { arguments: ['i32', 'i32', 'i32', 'u64', 'u64'], return: 'i32' },
    setsockopt: { arguments: ['i32', 'i32', 'i32', 'u64', 'u32'], return: 'i32' },
    shutdown: { arguments: ['i32', 'i32'], return: 'i32' },
    accept4: { arguments: ['i32', 'u64', 'u64', 'i32'], return: 'i32' },
    socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
    getsockname: { arguments: ['i32', 'u64', 'u64'], return: 'i32' },
    bind: { arguments: ['i32', 'u64', 'u32'], return: 'i32' },
    listen: { arguments: ['i32', 'i32'], return: 'i32' },
    close: { arguments: ['i32'], return: 'i32' },
    poll: { arguments: ['u64', 'u64', 'i32'], return: 'i32' },
  } as const);
  return { ...functions, getRawPointer };
}

/**
 * Resolves with a function that sets an option, to one number or a struct of two, and returns
 * whether the kernel accepts it. Rejects as `loadSocketOptions()` does.
 */
export async function loadSetOption() {
  const { setsockopt, getRawPointer } = await loadSocketOptions();
  const value = new Int32Array(2);
  const valueAt = getRawPointer(value.buffer);
  return (fd: number | undefined, level: number, name: number, ...numbers: number[]): boolean => {
    value.set(numbers);
    const length = numbers.length * value.BYTES_PER_ELEMENT;
    return setsockopt(fd ?? -1, level, name, valueAt, length) === 0;
  };
}

/**
 * The file descriptor, for which Node has no public name; for a TLS socket, that of the connection
 * below it.
 */
export function descriptor(socket: Socket | Server | UdpSocket): number | undefined {
  const { fd = -1 } = handleOf(socket) ?? {};
  return fd < 0 ? undefined : fd;
}

type Handle = { fd?: number } | null;

/** For UDP, `_handle` emits a deprecation warning; the state that it reads is under a symbol. */
function handleOf(socket: Socket | Server | UdpSocket): Handle | undefined {
  if (!(socket instanceof UdpSocket)) return (socket as { _handle?: Handle })._handle;
  const state = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  );
  return state && (socket as unknown as Record<symbol, { handle?: Handle }>)[state]?.handle;
}
