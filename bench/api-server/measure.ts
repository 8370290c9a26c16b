import { type CheckCost, measureChecks } from './check-cost.ts';
import { type Client, kubenurse, NOBODY, watchAll } from './clients.ts';
import { EVENTS_OF_A_REPLACEMENT, LargeCluster } from './large-cluster.ts';
import { type Load, loadOf, type Periods } from './load.ts';
import { periodOf } from './period.ts';
import type { PerCollection } from './server-metrics.ts';

/** How often each node's status is written, and how many nodes are cordoned and pods replaced. */
export const STATUS_UPDATES = 2;
const CHANGED = 4;

/** Checks of the API server, to measure what one costs. */
const CHECKS = 300;

const NO_EVENTS: PerCollection = { pods: 0, nodes: 0 };

/** What was measured. */
export type Measured = Readonly<{ loads: readonly Load[]; check: CheckCost }>;

/**
 * Measures the load on an API server by kubenurse, and by a client that watches all nodes, in
 * clusters of these sizes (2 or more nodes, in ascending order), each grown from the one before.
 * Needs separate namespaces (own-namespace.ts).
 */
export async function measure(
  sizes: readonly number[],
  logProgress: (progress: string) => void,
): Promise<Measured> {
  await using stack = new AsyncDisposableStack();
  const large = stack.adopt(await LargeCluster.start(), (it) => it.close());
  const clients = [
    ['kubenurse', kubenurse(large)],
    ['watch-all', await watchAll(large)],
  ] as const;
  for (const [, client] of clients) await client.stop();
  const check = await measureChecks(large.cluster.parts.controlPlane, CHECKS);
  const loads: Load[] = [];
  for (const nodes of sizes) {
    logProgress(`writing ${nodes} nodes`);
    await large.grow(nodes);
    logProgress(`${nodes} nodes, idle`);
    const changed = Math.min(CHANGED, nodes - 1);
    const without = await periodsOf(large, NOBODY, changed);
    for (const [name, client] of clients) {
      logProgress(`${nodes} nodes, ${name}`);
      const periods = await periodsOf(large, client, changed);
      const statusUpdates = STATUS_UPDATES * (nodes - 1);
      const times = { statusUpdates, cordons: changed, replacements: changed };
      loads.push(loadOf({ nodes, client: name, user: client.user }, periods, without, times));
    }
  }
  return { loads, check };
}

/** Does the same with each client. `changed`: how many nodes are cordoned, and pods replaced. */
async function periodsOf(large: LargeCluster, client: Client, changed: number): Promise<Periods> {
  const during = (happens: () => Promise<PerCollection>) =>
    periodOf(large.cluster.parts.controlPlane, client.address, happens);
  // One of each is the API server's own.
  const watches = client === NOBODY ? 1 : 2;
  const start = await during(async () => {
    await client.start();
    return NO_EVENTS;
  });
  const checks = await during(async () => {
    await client.check();
    return NO_EVENTS;
  });
  const statusUpdates = await during(async () => {
    const writes = await large.updateStatuses(STATUS_UPDATES);
    return { pods: 0, nodes: writes * (client.hearsStatusUpdates ? 2 : 1) };
  });
  const cordons = await during(async () => {
    await large.cordonAndUncordon(changed);
    return { pods: 0, nodes: changed * 2 * watches };
  });
  const replacements = await during(async () => {
    await large.replacePods(changed);
    return { pods: changed * EVENTS_OF_A_REPLACEMENT * watches, nodes: 0 };
  });
  await client.stop();
  return { start, checks, statusUpdates, cordons, replacements };
}
