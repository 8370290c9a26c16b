import { afterAll, beforeAll, describe } from 'vitest';
import { KubernetesCluster, type KubernetesOptions } from '../../../lab/kubernetes/cluster.ts';
import { whyNoKubernetes } from '../../../lab/kubernetes/prerequisites.ts';

/** Includes a build of the images. */
const START_LIMIT_MS = 300_000;

/** The cluster of these tests. */
export type Given = () => KubernetesCluster;

/**
 * What is done before the first test, in the cluster. What `opened` holds is closed before the
 * cluster.
 */
type Prepare = (cluster: KubernetesCluster, opened: AsyncDisposableStack) => Promise<void>;

/**
 * Tests that need the programs of Kubernetes; skipped if one is missing, which the title then
 * names.
 */
export function describeWithPrograms(title: string, tests: () => void): void {
  const skipped = whyNoKubernetes();
  describe.skipIf(skipped)(skipped === undefined ? title : `${title}: ${skipped}`, tests);
}

/**
 * Tests in a cluster that is started before the first and closed after the last of them; skipped as
 * above.
 */
export function describeCluster(
  title: string,
  { prepare, ...options }: KubernetesOptions & { prepare?: Prepare },
  tests: (given: Given) => void,
): void {
  describeWithPrograms(title, () => {
    const opened = new AsyncDisposableStack();
    let cluster: KubernetesCluster;
    beforeAll(async () => {
      cluster = opened.use(await KubernetesCluster.start(options));
      await prepare?.(cluster, opened);
    }, START_LIMIT_MS);
    afterAll(() => opened.disposeAsync(), START_LIMIT_MS);
    tests(() => cluster);
  });
}
