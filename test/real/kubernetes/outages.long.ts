import { type TestContext, test } from 'vitest';
import { Monitoring } from '../../../lab/kubernetes/monitoring.ts';
import { createNamespace, NAMESPACE, upgrade } from './installed.ts';
import { describeCluster } from './kubernetes-tests.ts';
import { expectSeen, play, type Seen } from './outage.ts';
import { OUTAGES } from './outages.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** What was seen, for the table (outage-table.ts). */
    outage?: Seen;
  }
}

let monitoring: Monitoring;

describeCluster(
  'with a check every 5 s and a scrape every 15 s',
  {
    prepare: async (cluster, opened) => {
      await createNamespace(cluster);
      await upgrade(cluster);
      monitoring = opened.use(await Monitoring.start(cluster, NAMESPACE));
      await monitoring.untilSettled(cluster.nodes.length);
    },
  },
  (given) => {
    for (const outage of OUTAGES) {
      test(outage.name, async ({ task }: TestContext) => {
        const seen = await play(given(), monitoring, outage);
        task.meta.outage = seen;
        expectSeen(seen, outage);
      });
    }
  },
);
