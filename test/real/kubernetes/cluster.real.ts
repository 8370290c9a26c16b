import { afterAll, beforeAll, describe } from 'vitest';
import { KubernetesCluster } from '../../../lab/kubernetes/cluster.ts';
import { whyNoKubernetes } from '../../../lab/kubernetes/prerequisites.ts';
import { installationTests, uninstallationTests } from './installation.ts';

const START_LIMIT_MS = 300_000;
const TITLE = 'Kubernetes';

const skipped = whyNoKubernetes();

describe.skipIf(skipped)(skipped === undefined ? TITLE : `${TITLE}: ${skipped}`, () => {
  let cluster: KubernetesCluster;
  beforeAll(async () => {
    cluster = await KubernetesCluster.start();
  }, START_LIMIT_MS);
  afterAll(() => cluster?.close(), START_LIMIT_MS);

  installationTests(() => cluster);
  uninstallationTests(() => cluster);
});
