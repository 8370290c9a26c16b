import type { Socket } from 'node:net';
import type { TcpCounts } from '../model.ts';
import type { ReadTcpInfo, TcpInfo } from './tcp-info.ts';

/**
 * What the kernel counted for the connections of one check, including redirects and attempts that
 * lost a race.
 */
export class TcpAccount {
  readonly #read: ReadTcpInfo | undefined;
  /** What a kept connection had counted before this check. */
  #before: Map<Socket, TcpInfo> | undefined;
  #handshakeRtt: number | undefined;
  #mss: number | undefined;
  #sent = 0;
  #retransmitted = 0;
  #last: TcpInfo | undefined;

  /** `read`: undefined if the kernel does not report on connections; then there are no counts. */
  constructor(read?: ReadTcpInfo | undefined) {
    this.#read = read;
  }

  /** Call at the `connect` event: later, the round-trip time includes other samples. */
  connected(socket: Socket): void {
    const info = this.#read?.(socket);
    this.#handshakeRtt = info?.rtt;
    this.#mss = info?.mss;
  }

  /** Call before a kept connection is used: its counts so far are those of earlier checks. */
  reused(socket: Socket): void {
    const info = this.#read?.(socket);
    this.#before ??= new Map();
    if (info !== undefined) this.#before.set(socket, info);
    this.#mss = info?.mss;
  }

  /** Call before a connection is closed or kept, including one that was never established. */
  done(socket: Socket): void {
    const info = this.#read?.(socket);
    if (info === undefined) return;
    const before = this.#before?.get(socket);
    this.#last = before === undefined ? info : since(before, info);
    this.#sent += this.#last.segmentsSent;
    this.#retransmitted += this.#last.segmentsRetransmitted;
  }

  /** Maximum payload of a segment of the current connection, in bytes; undefined if unknown. */
  get mss(): number | undefined {
    return this.#mss;
  }

  /** The statistics of the last connection that was done. */
  get last(): TcpInfo | undefined {
    return this.#last;
  }

  /** The sums; undefined if nothing could be read. */
  get counts(): TcpCounts | undefined {
    if (this.#last === undefined) return undefined;
    return {
      handshakeRtt: this.#handshakeRtt,
      segmentsSent: this.#sent,
      segmentsRetransmitted: this.#retransmitted,
    };
  }
}

/** What a connection has counted since `before`. */
function since(before: TcpInfo, now: TcpInfo): TcpInfo {
  return {
    ...now,
    segmentsSent: now.segmentsSent - before.segmentsSent,
    segmentsRetransmitted: now.segmentsRetransmitted - before.segmentsRetransmitted,
    bytesReceived: now.bytesReceived - before.bytesReceived,
    segmentsReceivedOutOfOrder: now.segmentsReceivedOutOfOrder - before.segmentsReceivedOutOfOrder,
  };
}
