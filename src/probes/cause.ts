import type { Cause } from '../model.ts';
import { ClosedError } from './exchange.ts';
import type { Phase } from './phases.ts';
import type { TcpInfo } from './tcp-info.ts';

/** What is known about a failed attempt. */
export type Evidence = Readonly<{
  phase: Phase;
  error: unknown;
  /**
   * The kernel's statistics of its connection; undefined if there are none, or they are no longer
   * available.
   */
  tcp: TcpInfo | undefined;
}>;

const BY_CODE: Readonly<Record<string, Cause>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  EHOSTDOWN: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'unreachable',
};

/** Derives why an attempt failed from the phase, the error's code, and the kernel's statistics. */
export function causeOf({ phase, error, tcp }: Evidence): Cause {
  if (phase === 'resolve') return 'dns';
  if (error instanceof ClosedError) return 'reset';
  const { code = '', name } = error as NodeJS.ErrnoException;
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code] ?? 'other';
  if (name === 'TimeoutError') return phase === 'connect' ? 'unreachable' : silenceOf(tcp);
  return phase === 'handshake' ? 'tls' : 'other';
}

/**
 * Why an established connection is silent. Requests and responses begin with full-size segments and
 * end with a small one, as the FIN is: if only that arrives, the path carries small packets only.
 */
function silenceOf(tcp: TcpInfo | undefined): Cause {
  if (tcp === undefined) return 'other';
  if (tcp.segmentsUnacknowledged > 0) return tcp.segmentsHeldByPeer > 0 ? 'mtu' : 'packets_lost';
  const isBehindGap = tcp.segmentsReceivedOutOfOrder > 0 && tcp.bytesReceived === 0;
  return isBehindGap ? 'mtu' : 'hung';
}
