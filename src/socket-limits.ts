import { type Server, Socket } from 'node:net';
import {
  descriptor,
  IPPROTO_TCP,
  loadSetOption,
  loadSocketOptions,
  SOCKET_FLAGS,
  SOL_SOCKET,
} from './socket-options.ts';

/**
 * SO_SNDBUF in bytes, which the kernel doubles. With half of it, a response of 210 KB over
 * loopback, whose segments have 64 KB, takes some 90 ms longer: it waits for delayed
 * acknowledgements (measured).
 */
const SEND_BYTES = 64 * 1024;

/** SO_RCVBUF in bytes, doubled as well: room for a neighbour's 18 KB request in one round trip. */
const RECEIVE_BYTES = 32 * 1024;

/**
 * TCP_USER_TIMEOUT in milliseconds. Without it, the kernel keeps a closed connection whose client
 * keeps its receive window closed for as long as the client acknowledges window probes. A
 * neighbour's check ends after 6 s, a Prometheus scrape by default after 10 s.
 */
const TIMEOUT_MS = 10_000;

/**
 * The same for connections that this process opens: longer than any check takes, and as long as the
 * API server may be silent before keep-alive closes its connection (15 s, and ten probes a second
 * apart), because this overrides the number of probes.
 */
const CLIENT_TIMEOUT_MS = 25_000;

const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_LINGER = 13;
const TCP_USER_TIMEOUT = 18;
const SHUT_WR = 1;

export type SocketLimits = Readonly<{
  /**
   * Bounds what the kernel holds for the connections of a listening server. Throws if the kernel
   * rejects it.
   */
  limit: (server: Server) => void;
  /**
   * Accepts the next connection that the kernel has completed. Returns its descriptor, which is not
   * inherited and does not block, or -1 if there is none.
   */
  acceptNext: (listening: number) => number;
  /** Sends a FIN on a connection, unless one has been sent. */
  sendFin: (fd: number) => void;
  /** Makes closing the connection reset it, and free what the client has not received. */
  resetAtClose: (fd: number) => void;
}>;

/**
 * `limit` bounds what the kernel holds for each new connection of a listening server, which
 * inherits the options. All of it counts against the pod's memory limit. Of what the client does
 * not receive, the kernel holds 128 KB instead of up to 4 MB (`net.ipv4.tcp_wmem`); the rest stays
 * in the program until the client reads. A connection whose client receives nothing for `timeoutMs`
 * milliseconds is reset, even a closed one. Of what the program does not read, the kernel holds
 * 64 KB. Rejects if options cannot be set.
 */
export async function createSocketLimits(timeoutMs = TIMEOUT_MS): Promise<SocketLimits> {
  const set = await loadSetOption();
  const { shutdown, accept4 } = await loadSocketOptions();
  const limit = (server: Server) => {
    const fd = descriptor(server);
    if (!set(fd, SOL_SOCKET, SO_SNDBUF, SEND_BYTES))
      throw new Error('the kernel does not accept SO_SNDBUF');
    if (!set(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES))
      throw new Error('the kernel does not accept SO_RCVBUF');
    if (!set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, timeoutMs))
      throw new Error('the kernel does not accept TCP_USER_TIMEOUT');
  };
  return {
    limit,
    acceptNext: (listening) => accept4(listening, 0n, 0n, SOCKET_FLAGS),
    sendFin: (fd) => void shutdown(fd, SHUT_WR),
    // struct linger: on, for 0 s.
    resetAtClose: (fd) => void set(fd, SOL_SOCKET, SO_LINGER, 1, 0),
  };
}

/**
 * From now on, any connection that this process opens, by whatever client, is reset once its peer
 * has received none of the pending data for `timeoutMs` milliseconds, even after it has been
 * closed. A peer that keeps its receive window closed could otherwise make the kernel keep the rest
 * of each request, which counts against the pod's memory limit. Rejects if options cannot be set.
 */
export async function limitClientSockets(timeoutMs = CLIENT_TIMEOUT_MS): Promise<void> {
  const set = await loadSetOption();
  const { connect } = Socket.prototype;
  // No event covers all of them: `net.client.socket` of `node:diagnostics_channel` is not published
  // for TLS sockets.
  Socket.prototype.connect = function (this: Socket, ...options: Parameters<typeof connect>) {
    this.once('connect', () => set(descriptor(this), IPPROTO_TCP, TCP_USER_TIMEOUT, timeoutMs));
    return connect.apply(this, options);
  } as typeof connect;
}
