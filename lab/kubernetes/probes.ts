import { httpGet } from '../support/http-get.ts';
import { until } from '../support/until.ts';
import { toUrlHost } from '../support/url-host.ts';
import { isReady, type KubernetesCluster } from './cluster.ts';

/** `/alive` waits for checks in flight. */
const ALIVE_LIMIT_MS = 10_000;
const SELECTOR = 'labelSelector=app.kubernetes.io%2Fname%3Dkubenurse';

/** A pod of kubenurse. */
export type ProbePod = Readonly<{ name: string; node: string; url: string; isReady: boolean }>;

/** The pods in this namespace that have an address and are not being deleted. */
export async function probePods(
  cluster: KubernetesCluster,
  namespace: string,
): Promise<ProbePod[]> {
  const { items } = await cluster.admin.get(`/api/v1/namespaces/${namespace}/pods?${SELECTOR}`);
  return items
    .filter(({ status, metadata }: { status: { podIP?: string }; metadata: object }) => {
      return status.podIP !== undefined && !('deletionTimestamp' in metadata);
    })
    .map(
      (pod: {
        metadata: { name: string };
        spec: { nodeName: string };
        status: { podIP: string };
      }) => ({
        name: pod.metadata.name,
        node: pod.spec.nodeName,
        url: `http://${toUrlHost(pod.status.podIP)}:8080`,
        isReady: isReady(pod),
      }),
    );
}

/**
 * Resolves once there are `count` pods, all Ready, each with all others as neighbours, and no check
 * fails except those in `except`, which nothing in the cluster serves.
 */
export async function untilAllIsWell(
  cluster: KubernetesCluster,
  namespace: string,
  count: number,
  limitMs: number,
  except: readonly string[] = [],
): Promise<void> {
  let last = '';
  await until('all pods are Ready and no check fails', limitMs, async () => {
    const pods = await probePods(cluster, namespace);
    const states = await Promise.all(pods.map(stateOf));
    last = JSON.stringify({ pods, states });
    const isWell = states.every(
      (state) =>
        state?.neighbours === count - 1 && state.failing.every((check) => except.includes(check)),
    );
    return isWell && pods.length === count && pods.every((pod) => pod.isReady);
  }).catch((error) => {
    throw new Error(`${error.message}\n${last}`, { cause: error });
  });
}

type AliveState = Readonly<{ failing: readonly string[]; neighbours: number }>;

/** What `/alive` reports; undefined if the pod does not respond. */
async function stateOf({ url }: ProbePod): Promise<AliveState | undefined> {
  try {
    const { body } = await httpGet(`${url}/alive`, ALIVE_LIMIT_MS);
    const { neighbourhood, last_check_result } = JSON.parse(body);
    const failing = Object.entries(last_check_result)
      .filter(([, result]) => typeof result === 'string' && result !== 'ok' && result !== 'skipped')
      .map(([check]) => check);
    return { failing, neighbours: neighbourhood.length };
  } catch {
    return undefined;
  }
}
