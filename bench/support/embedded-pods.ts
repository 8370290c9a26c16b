import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedApiServer } from '../../lab/embedded/api-server/embedded-api-server.ts';
import { writeCredentials } from '../../lab/parts/credentials.ts';
import { LABEL, NAMESPACE } from '../../lab/parts/pod.ts';
import { type Place, publishPods } from './publish-pods.ts';

/** A cluster that consists of objects. */
export type EmbeddedPods = Readonly<{
  /** A temporary folder. */
  folder: string;
  /** Of the pods, in the order of their places. */
  names: readonly string[];
  /** The variables of a probe that finds these pods. */
  environment: Readonly<Record<string, string>>;
}>;

/** Starts an embedded API server with a pod at each place, until the stack is disposed of. */
export async function startEmbeddedPods(
  stack: AsyncDisposableStack,
  places: readonly Place[],
): Promise<EmbeddedPods> {
  const folder = await mkdtemp(join(tmpdir(), 'kubenurse-bench-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const apiServer = await EmbeddedApiServer.start({ address: '127.0.0.1', port: 0 });
  stack.defer(() => apiServer.close());
  const names = await publishPods(apiServer, places);
  const { kubeconfig } = await writeCredentials(folder, 'bench', apiServer);
  const environment = {
    KUBECONFIG: kubeconfig,
    KUBENURSE_CHECK_NEIGHBOURHOOD: 'true',
    KUBENURSE_NAMESPACE: NAMESPACE,
    KUBENURSE_NEIGHBOUR_FILTER: `${LABEL.key}=${LABEL.value}`,
  };
  return { folder, names, environment };
}
