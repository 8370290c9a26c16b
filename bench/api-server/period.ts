import { type AuditedRequest, readAuditLog } from '../../lab/real/audit-log.ts';
import type { RealControlPlane } from '../../lab/real/control-plane.ts';
import { until } from '../../lab/support/until.ts';
import {
  type PerCollection,
  readServerMetrics,
  type ServerMetrics,
  since,
} from './server-metrics.ts';
import { bytesSentTo } from './wire-bytes.ts';

const EVENTS_LIMIT_MS = 20_000;

/** What happened between two readings. */
export type Period = Readonly<{
  seconds: number;
  /** For all clients. */
  server: ServerMetrics;
  /** For all clients. */
  requests: readonly AuditedRequest[];
  /** Bytes sent to the one client, including the headers of TCP and IP and the overhead of TLS. */
  wireBytes: number;
}>;

/**
 * Runs `happens`, which resolves to the number of events that the API server sends because of it,
 * to all of its watches together. The period ends when they have been sent.
 */
export async function periodOf(
  { admin, auditLog }: RealControlPlane,
  clientAddress: string,
  happens: () => Promise<PerCollection>,
): Promise<Period> {
  const read = async () => ({
    at: Date.now(),
    server: await readServerMetrics(admin),
    wireBytes: await bytesSentTo(clientAddress),
  });
  const before = await read();
  const expected = await happens();
  await until('all watches have received it', EVENTS_LIMIT_MS, async () => {
    const { watchEvents } = since(before.server, await readServerMetrics(admin));
    return watchEvents.pods >= expected.pods && watchEvents.nodes >= expected.nodes;
  });
  const after = await read();
  const requests = (await readAuditLog(auditLog)).filter(
    ({ time }) => +time >= before.at && +time < after.at,
  );
  return {
    seconds: (after.at - before.at) / 1_000,
    server: since(before.server, after.server),
    requests,
    wireBytes: after.wireBytes - before.wireBytes,
  };
}
