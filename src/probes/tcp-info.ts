import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { descriptor, IPPROTO_TCP, loadSocketOptions } from '../socket-options.ts';

/**
 * What the kernel knows about one connection (`struct tcp_info`, include/uapi/linux/tcp.h). Counts
 * are since its start.
 */
export type TcpInfo = Readonly<{
  /** False until the SYN is answered. */
  isEstablished: boolean;
  /**
   * Smoothed round-trip time in seconds, undefined without a sample. Right after `connect` it is
   * that of the handshake.
   */
  rtt: number | undefined;
  /** Maximum payload of a segment to the peer, in bytes. */
  mss: number;
  segmentsSent: number;
  segmentsRetransmitted: number;
  /**
   * Segments that the peer has not acknowledged, and how many of them it holds behind a gap (SACK).
   */
  segmentsUnacknowledged: number;
  segmentsHeldByPeer: number;
  /**
   * Bytes received in order, and segments received behind a gap; the latter is 0 before Linux 5.4.
   */
  bytesReceived: number;
  segmentsReceivedOutOfOrder: number;
}>;

/**
 * Reads the kernel's statistics of a socket; undefined if there are none, such as after a refusal
 * or a reset.
 */
export type ReadTcpInfo = (socket: Socket | Server) => TcpInfo | undefined;

const TCP_INFO = 11;

/**
 * Size of the struct up to and including `tcpi_rcv_ooopack` (Linux 5.4), and its minimum size, up
 * to and including `tcpi_min_rtt` (Linux 4.6). The kernel only ever appends.
 */
const STRUCT_BYTES = 228;
const MIN_STRUCT_BYTES = 152;

/** Size of each number that is read, and of the `socklen_t` that follows the struct in memory. */
const WORD_BYTES = 4;

/** `tcpi_state` until the SYN is answered. */
const TCP_SYN_SENT = 2;

/**
 * `tcpi_min_rtt` without a sample, as after a repeated SYN; `tcpi_rtt` is then the timer's tick,
 * 1,000 µs (measured).
 */
const NO_SAMPLE = 0xffff_ffff;

/**
 * Creates the reader. It calls libc's `getsockopt` through `node:ffi`, which takes no privilege and
 * some 20 µs. Rejects with the reason if that is not available: on systems other than Linux, s390x,
 * 32-bit machines, Node.js without `node:ffi`, and kernels before 4.6.
 */
export async function createTcpInfoReader(): Promise<ReadTcpInfo> {
  if (endianness() !== 'LE') throw new Error('TCP_INFO is not supported on big-endian machines');
  const { getsockopt, getRawPointer } = await loadSocketOptions();
  const memory = new ArrayBuffer(STRUCT_BYTES + WORD_BYTES);
  const info = new Uint32Array(memory);
  const infoAt = getRawPointer(memory);
  const lengthAt = infoAt + BigInt(STRUCT_BYTES);
  const read: ReadTcpInfo = (socket) => {
    const fd = descriptor(socket);
    if (fd === undefined) return undefined;
    info[STRUCT_BYTES / WORD_BYTES] = STRUCT_BYTES;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, infoAt, lengthAt) !== 0) return undefined;
    return word(info, STRUCT_BYTES) < MIN_STRUCT_BYTES ? undefined : parse(info);
  };
  await assertWorks(read);
  return read;
}

/** The offsets are those of the kernel's header, on a little-endian machine. */
function parse(info: Uint32Array): TcpInfo {
  const hasSample = word(info, 148) !== NO_SAMPLE;
  return {
    isEstablished: (word(info, 0) & 0xff) !== TCP_SYN_SENT,
    rtt: hasSample ? word(info, 68) / 1e6 : undefined,
    mss: word(info, 16),
    segmentsSent: word(info, 136),
    segmentsRetransmitted: word(info, 100),
    segmentsUnacknowledged: word(info, 24),
    segmentsHeldByPeer: word(info, 28),
    bytesReceived: word(info, 128) + word(info, 132) * 2 ** 32,
    segmentsReceivedOutOfOrder: word(info, 224),
  };
}

/** The 32-bit number at a byte offset. */
function word(words: Uint32Array, offset: number): number {
  return words[offset / WORD_BYTES] as number;
}

/**
 * Rejects if the kernel returns too short a struct. Tries it on a socket that listens for a moment.
 */
async function assertWorks(read: ReadTcpInfo): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    if (read(server) === undefined)
      throw new Error('the kernel returns an older TCP_INFO than that of Linux 4.6');
  } finally {
    server.close();
  }
}
