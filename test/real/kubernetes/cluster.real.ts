import { afterAll, beforeAll, describe, test } from 'vitest';
import { KubernetesCluster } from '../../../lab/kubernetes/cluster.ts';
import { whyNoKubernetes } from '../../../lab/kubernetes/prerequisites.ts';
import { installationTests, uninstallationTests } from './installation.ts';
import { upgrade } from './installed.ts';
import { expectSeen, play } from './outage.ts';
import { NO_RULES } from './outages.ts';

const START_LIMIT_MS = 300_000;
const OUTAGE_LIMIT_MS = 180_000;
const TITLE = 'Kubernetes';

const skipped = whyNoKubernetes();

describe.skipIf(skipped)(skipped === undefined ? TITLE : `${TITLE}: ${skipped}`, () => {
  let cluster: KubernetesCluster;
  beforeAll(async () => {
    cluster = await KubernetesCluster.start();
  }, START_LIMIT_MS);
  afterAll(() => cluster?.close(), START_LIMIT_MS);

  installationTests(() => cluster);
  // All of them: outages.long.ts.
  test(
    NO_RULES.name,
    async () => {
      await upgrade(cluster);
      const outage = { ...NO_RULES, lastsMs: 0 };
      expectSeen(await play(cluster, undefined, outage), outage);
    },
    OUTAGE_LIMIT_MS,
  );
  uninstallationTests(() => cluster);
});
