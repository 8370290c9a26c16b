import type { TcpInfo } from '../../src/probes/tcp-info.ts';

/** A connection on which everything was acknowledged and nothing arrived. */
export const SILENT: TcpInfo = {
  isEstablished: true,
  rtt: 0.001,
  mss: 1448,
  segmentsSent: 5,
  segmentsRetransmitted: 0,
  segmentsUnacknowledged: 0,
  segmentsHeldByPeer: 0,
  bytesReceived: 0,
  segmentsReceivedOutOfOrder: 0,
};
