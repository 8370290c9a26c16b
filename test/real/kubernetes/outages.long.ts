import { afterAll, beforeAll, describe, type TestContext, test } from 'vitest';
import { KubernetesCluster } from '../../../lab/kubernetes/cluster.ts';
import { Monitoring } from '../../../lab/kubernetes/monitoring.ts';
import { whyNoKubernetes } from '../../../lab/kubernetes/prerequisites.ts';
import { createNamespace, NAMESPACE, upgrade } from './installed.ts';
import { expectSeen, play, type Seen } from './outage.ts';
import { OUTAGES } from './outages.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** What was seen, for the table (outage-table.ts). */
    outage?: Seen;
  }
}

const TITLE = 'with a check each 5 s, and a scrape each 15 s';
const skipped = whyNoKubernetes();

describe.skipIf(skipped)(skipped === undefined ? TITLE : `${TITLE}: ${skipped}`, () => {
  const opened = new AsyncDisposableStack();
  let cluster: KubernetesCluster;
  let monitoring: Monitoring;

  beforeAll(async () => {
    cluster = opened.use(await KubernetesCluster.start());
    await createNamespace(cluster);
    await upgrade(cluster);
    monitoring = opened.use(await Monitoring.start(cluster, NAMESPACE));
    await monitoring.untilSettled(cluster.nodes.length);
  });
  afterAll(() => opened.disposeAsync());

  for (const outage of OUTAGES) {
    test(outage.name, async ({ task }: TestContext) => {
      const seen = await play(cluster, monitoring, outage);
      task.meta.outage = seen;
      expectSeen(seen, outage);
    });
  }
});
