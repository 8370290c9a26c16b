import type { Cause } from '../model.ts';
import { ClosedError } from './exchange.ts';
import type { Phase } from './phases.ts';
import type { TcpInfo } from './tcp-info.ts';

/** What is known of an attempt that failed. */
export type Evidence = Readonly<{
  phase: Phase;
  error: unknown;
  /** The kernel's statistics of its connection; undefined where there are none, or they are no longer available. */
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

/** Why an attempt failed, by the phase, the error's code, and the kernel's account of the connection. */
export function causeOf({ phase, error, tcp }: Evidence): Cause {
  if (phase === 'resolve') return 'dns';
  if (error instanceof ClosedError) return 'reset';
  const { code = '', name } = error as NodeJS.ErrnoException;
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code] ?? 'other';
  if (name === 'TimeoutError') return phase === 'connect' ? 'unreachable' : silenceOf(tcp);
  return phase === 'handshake' ? 'tls' : 'other';
}

/**
 * Why nothing came over an established connection. Full-size segments come first in a request and in a response, and what
 * is left over in a small one, like the FIN: where only that arrives, the path carries small packets alone.
 */
function silenceOf(tcp: TcpInfo | undefined): Cause {
  if (tcp === undefined) return 'other';
  if (tcp.segmentsUnacknowledged > 0) return tcp.segmentsHeldByPeer > 0 ? 'mtu' : 'packets_lost';
  const isBehindGap = tcp.segmentsReceivedOutOfOrder > 0 && tcp.bytesReceived === 0;
  return isBehindGap ? 'mtu' : 'hung';
}
