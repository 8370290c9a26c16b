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
 * SO_SNDBUF in bytes, of which the kernel makes twice as much memory. Half of it delays a response of 210 KB over loopback,
 * whose segments have 64 KB, by some 90 ms: it waits for delayed acknowledgements (measured).
 */
const SEND_BYTES = 64 * 1024;

/** SO_RCVBUF in bytes, doubled likewise: room for a neighbour's request, of 18 KB, in one round trip. */
const RECEIVE_BYTES = 32 * 1024;

/**
 * TCP_USER_TIMEOUT in milliseconds. Without it the kernel keeps a closed connection whose client's receive window stays
 * closed for as long as the client acknowledges probes of the window. A neighbour's check ends after 6 s, a scrape of
 * Prometheus by default after 10 s.
 */
const TIMEOUT_MS = 10_000;

/**
 * The same of connections that this process opens: longer than any check takes, and as long as the API server may be silent before
 * keep-alive ends its connection (15 s, and ten probes a second apart), because this replaces the number of probes.
 */
const CLIENT_TIMEOUT_MS = 25_000;

const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_LINGER = 13;
const TCP_USER_TIMEOUT = 18;
const SHUT_WR = 1;

export type SocketLimits = Readonly<{
  /** Bounds what the kernel holds of the connections to a listening server. Throws where the kernel does not accept it. */
  limit: (server: Server) => void;
  /** The descriptor of the next connection that the kernel has completed, which is not inherited and does not block; -1: none. */
  acceptNext: (listening: number) => number;
  /** Sends a FIN on a connection, unless one has been sent. */
  sendFin: (fd: number) => void;
  /** Has closing the connection reset it, and free what the client has not received. */
  resetAtClose: (fd: number) => void;
}>;

/**
 * `limit` bounds what the kernel holds of each connection that a listening server gets from now on, which inherits
 * the options, and which counts against the memory limit of the pod: of what the client does not receive 128 KB instead of up to 4 MB
 * (`net.ipv4.tcp_wmem`), the rest of which stays in the program until the client reads, and for `timeoutMs` milliseconds in
 * which it receives nothing, also of a closed connection, which is then reset; of what the program does not read 64 KB. Rejects where
 * options cannot be set.
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
 * From now on, a connection that this process opens, by whatever client, is reset when its peer has received nothing of what waits to be
 * sent for `timeoutMs` milliseconds, also after it has been closed. A peer whose receive window stays closed could have the kernel keep the
 * rest of each request, which counts against the memory limit of the pod. Rejects where options cannot be set.
 */
export async function limitClientSockets(timeoutMs = CLIENT_TIMEOUT_MS): Promise<void> {
  const set = await loadSetOption();
  const { connect } = Socket.prototype;
  // There is no event for all of them: `net.client.socket` of `node:diagnostics_channel` is not published for those of TLS.
  Socket.prototype.connect = function (this: Socket, ...options: Parameters<typeof connect>) {
    this.once('connect', () => set(descriptor(this), IPPROTO_TCP, TCP_USER_TIMEOUT, timeoutMs));
    return connect.apply(this, options);
  } as typeof connect;
}
