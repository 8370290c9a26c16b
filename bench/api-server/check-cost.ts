import type { RealControlPlane } from '../../lab/real/control-plane.ts';
import { KubeClient } from '../../lab/real/kube-client.ts';
import { readServerMetrics, since } from './server-metrics.ts';

/** The API server's CPU time for `times` checks, in seconds. */
export type CheckCost = Readonly<{ times: number; cpu: number }>;

/**
 * Requests `/version` `times` times, each over a new connection, as kubenurse does for its checks
 * unless it reuses connections.
 */
export async function measureChecks(
  controlPlane: RealControlPlane,
  times: number,
): Promise<CheckCost> {
  const { url, certificateAuthority, admin } = controlPlane;
  const token = await controlPlane.issueToken('checks');
  const client = new KubeClient({ url, certificateAuthority: () => certificateAuthority, token });
  const before = await readServerMetrics(admin);
  for (let time = 0; time < times; time++) {
    const { status } = await client.raw('/version');
    if (status !== 200) throw new Error(`/version responded with ${status}`);
  }
  const { cpuSeconds } = since(before, await readServerMetrics(admin));
  return { times, cpu: cpuSeconds };
}
