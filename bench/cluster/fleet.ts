import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../lab/support/server-process.ts';
import { Ring } from '../../src/neighbours/choose.ts';
import { startNode } from '../served/node-process.ts';
import { startEmbeddedPods } from '../support/embedded-pods.ts';
import { type FleetFile, type FleetPod, NEIGHBOURS } from './fleet-report.ts';

/** The node whose pod does not run. The verdict has to name it, and nothing else. */
export const DOWN = 'node-3';

/** The node of the pod that is measured: the first of the cluster. */
const OWN = 'node-0';

/** Checked by every pod through its Service. */
const SERVICE = 'node-1';

/**
 * The pods of so many nodes on this machine, but one: objects of an embedded API server, and two small programs that
 * report for all of them, one for those that the pod of the first node checks, whose latency it measures; the pod of `DOWN`
 * refuses connections. Resolves with the variables of the pod of the first node.
 */
export async function startFleet(
  stack: AsyncDisposableStack,
  count: number,
): Promise<Record<string, string>> {
  const places = Array.from({ length: count }, (_, i) => ({
    node: `node-${i}`,
    address: `127.91.${Math.floor(i / 250)}.${1 + (i % 250)}`,
  }));
  const { folder, names, environment } = await startEmbeddedPods(stack, places);
  const pods = places.map((place, i): FleetPod => ({ ...place, name: names[i] ?? '' }));
  const port = String(await freePort());
  const nodes = places.map(({ node }) => node);
  const checked = new Set([SERVICE, ...new Ring().choose(OWN, nodes, NEIGHBOURS)]);
  const { true: near = [], false: far = [] } = Object.groupBy(
    pods.filter(({ node }) => node !== OWN && node !== DOWN),
    ({ node }) => `${checked.has(node)}`,
  );
  for (const served of [near, far]) {
    const file = join(folder, `${served[0]?.node}.json`);
    await writeFile(file, JSON.stringify({ nodes, served } satisfies FleetFile));
    await startNode(
      stack,
      [join(import.meta.dirname, 'fleet-server.ts')],
      { PORT: port, FLEET: file, DOWN },
      `http://${served.at(-1)?.address}:${port}/`,
    );
  }
  return {
    ...environment,
    KUBENURSE_PORT: port,
    KUBENURSE_SERVICE_URL: `http://${pods.find(({ node }) => node === SERVICE)?.address}:${port}`,
    NODE_NAME: OWN,
    POD_NAME: pods[0]?.name ?? '',
  };
}
