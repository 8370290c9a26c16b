import type { Server } from 'node:net';
import { descriptor, loadSocketOptions } from './socket-options.ts';

/**
 * SO_SNDBUF in bytes, of which the kernel makes twice as much memory. Half of it delays a response of 210 KB over loopback,
 * whose segments have 64 KB, by some 90 ms: it waits for delayed acknowledgements (measured).
 */
const BYTES = 64 * 1024;

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;

/** Bounds the send buffers of a listening server's connections. Throws where the kernel does not accept it. */
type LimitSendBuffers = (server: Server) => void;

/**
 * Makes a function that bounds the kernel's send buffer of each connection that a listening server gets from now on, which
 * inherits the option: 128 KB instead of up to 4 MB (`net.ipv4.tcp_wmem`), which counts against the memory limit of the
 * pod. What does not fit stays in the program until the client reads. Rejects where options cannot be set.
 */
export async function createSendBufferLimit(): Promise<LimitSendBuffers> {
  const { setsockopt, getRawPointer } = await loadSocketOptions();
  const value = Int32Array.of(BYTES);
  const valueAt = getRawPointer(value.buffer);
  return (server) => {
    const fd = descriptor(server) ?? -1;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, valueAt, value.byteLength) !== 0)
      throw new Error('the kernel does not accept SO_SNDBUF');
  };
}
