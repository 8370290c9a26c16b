import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { endianness } from 'node:os';

/** What the kernel knows of one connection (`struct tcp_info`, include/uapi/linux/tcp.h). Counts are since its start. */
export type TcpInfo = Readonly<{
  /** False while the SYN is not answered. */
  isEstablished: boolean;
  /** Smoothed round-trip time in seconds, undefined without a sample. Right after `connect` it is that of the handshake. */
  rtt: number | undefined;
  /** The most payload in bytes that one segment to the peer carries. */
  mss: number;
  segmentsSent: number;
  segmentsRetransmitted: number;
  /** Segments that the peer has not acknowledged, and how many of them it holds behind a gap (SACK). */
  segmentsUnacknowledged: number;
  segmentsHeldByPeer: number;
  /** Bytes from the peer without a gap, and segments that came behind one; the latter as of Linux 5.4, before that 0. */
  bytesReceived: number;
  segmentsReceivedOutOfOrder: number;
}>;

/** Reads the kernel's account of a socket; undefined where there is none, such as after a refusal or a reset. */
export type ReadTcpInfo = (socket: Socket | Server) => TcpInfo | undefined;

const IPPROTO_TCP = 6;
const TCP_INFO = 11;

/**
 * Bytes of the struct up to and including `tcpi_rcv_ooopack` (Linux 5.4), and how many there must be at least: up to and
 * including `tcpi_min_rtt` (Linux 4.6). The kernel only ever appends.
 */
const STRUCT_BYTES = 228;
const MIN_STRUCT_BYTES = 152;

/** `tcpi_state` while the SYN is not answered. */
const TCP_SYN_SENT = 2;

/** `tcpi_min_rtt` without a sample, as after a repeated SYN; `tcpi_rtt` is then the timer's tick, 1,000 µs (measured). */
const NO_SAMPLE = 0xffff_ffff;

/**
 * Makes the reader: libc's `getsockopt` called by `node:ffi`, which takes no privilege and some 20 µs. Rejects, saying
 * why, where that is not available: another system than Linux, s390x, Node.js without `node:ffi`, a kernel before 4.6.
 */
export async function createTcpInfoReader(): Promise<ReadTcpInfo> {
  if (process.platform !== 'linux')
    throw new Error(`TCP_INFO is not supported on ${process.platform}`);
  if (endianness() !== 'LE') throw new Error('TCP_INFO is not supported on big-endian machines');
  const getsockopt = await loadGetsockopt();
  const info = Buffer.alloc(STRUCT_BYTES);
  // Without the arguments' checks of a Buffer's methods, which allocate at each number.
  const view = new DataView(info.buffer, info.byteOffset, STRUCT_BYTES);
  const length = Buffer.alloc(4);
  const read: ReadTcpInfo = (socket) => {
    const fd = descriptor(socket);
    if (fd === undefined) return undefined;
    length.writeUInt32LE(STRUCT_BYTES);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, length) !== 0) return undefined;
    return length.readUInt32LE() < MIN_STRUCT_BYTES ? undefined : parse(view);
  };
  await assertWorks(read);
  return read;
}

type Getsockopt = (
  fd: number,
  level: number,
  name: number,
  value: Buffer,
  length: Buffer,
) => number;

async function loadGetsockopt(): Promise<Getsockopt> {
  const { emitWarning } = process;
  // That FFI is experimental concerns who maintains this file, not who reads the pod's standard error.
  process.emitWarning = () => {};
  try {
    const { dlopen } = await import('node:ffi');
    const signature = {
      arguments: ['i32', 'i32', 'i32', 'pointer', 'pointer'],
      return: 'i32',
    } as const;
    return dlopen(null, { getsockopt: signature }).functions.getsockopt;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** The file descriptor, for which Node has no public name; a TLS socket has that of the connection under it. */
function descriptor(socket: Socket | Server): number | undefined {
  const { fd = -1 } = (socket as { _handle?: { fd?: number } | null })._handle ?? {};
  return fd < 0 ? undefined : fd;
}

/** Offsets by the kernel's header, on a little-endian machine. */
function parse(info: DataView): TcpInfo {
  const hasSample = info.getUint32(148, true) !== NO_SAMPLE;
  return {
    isEstablished: info.getUint8(0) !== TCP_SYN_SENT,
    rtt: hasSample ? info.getUint32(68, true) / 1e6 : undefined,
    mss: info.getUint32(16, true),
    segmentsSent: info.getUint32(136, true),
    segmentsRetransmitted: info.getUint32(100, true),
    segmentsUnacknowledged: info.getUint32(24, true),
    segmentsHeldByPeer: info.getUint32(28, true),
    bytesReceived: Number(info.getBigUint64(128, true)),
    segmentsReceivedOutOfOrder: info.getUint32(224, true),
  };
}

/** Rejects where the kernel does not return the whole struct, as seen on a socket that listens for a moment. */
async function assertWorks(read: ReadTcpInfo): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    if (read(server) === undefined)
      throw new Error('the kernel does not return TCP_INFO as of Linux 4.6');
  } finally {
    server.close();
  }
}
