/**
 * Draws the dashboards into docs/pictures/, from what a Prometheus has seen of the cluster of
 * `npm run demo` while parts of it were broken. No Grafana is involved.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readDashboard, UIDS } from './dashboard-file.ts';
import { drawDashboard } from './draw-dashboard.ts';
import { ProbedCluster, RATE_INTERVAL } from './probed-cluster.ts';
import { valuesOf } from './variables.ts';

const PICTURES = new URL('../../docs/pictures/', import.meta.url);
const STEP_SECONDS = 3;

/**
 * What is broken, and for how many seconds, then for how many all is well. The last fault stays.
 */
const STORY = [
  { fault: 'dns:nxdomain', seconds: 40, well: 30 },
  { fault: 'ingress:503', seconds: 40, well: 30 },
  { fault: 'api-server:slow=400ms', seconds: 40, well: 30 },
  { fault: 'node-2:slow=300ms', seconds: 40, well: 30 },
  { fault: 'node-3:down', seconds: 40, well: undefined },
];
/** Until the effects of the start are over, and the picture begins. */
const SETTLING_SECONDS = 30;
const WELL_BEFORE_SECONDS = 30;

/** The node that the page of one node shows. */
const CHOSEN = { node: 'node-2' };

await using probed = await ProbedCluster.start('127.24');
await sleep(SETTLING_SECONDS * 1_000);
const start = Date.now() / 1_000;
await sleep(WELL_BEFORE_SECONDS * 1_000);
for (const { fault, seconds, well } of STORY) {
  await probed.cluster.break(fault);
  await sleep(seconds * 1_000);
  if (well === undefined) break;
  await probed.cluster.heal('all');
  await sleep(well * 1_000);
}

await mkdir(PICTURES, { recursive: true });
const range = { start, end: Date.now() / 1_000, step: STEP_SECONDS };
for (const uid of UIDS) {
  const dashboard = await readDashboard(uid);
  const { url } = probed.prometheus;
  const values = await valuesOf(dashboard, url, RATE_INTERVAL, CHOSEN);
  await writeFile(
    new URL(`${uid}.svg`, PICTURES),
    await drawDashboard(dashboard, url, values, range),
  );
}
