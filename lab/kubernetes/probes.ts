import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet } from '../support/http-get.ts';
import { until } from '../support/until.ts';
import { isReady, type KubernetesCluster } from './cluster.ts';

const PERIOD_MS = 500;
const REQUEST_LIMIT_MS = 2_000;
/** `/alive` waits for checks that are under way. */
const ALIVE_LIMIT_MS = 10_000;
const SELECTOR = 'labelSelector=app.kubernetes.io%2Fname%3Dkubenurse';

/** A pod of kubenurse. */
export type ProbePod = Readonly<{ name: string; node: string; url: string; isReady: boolean }>;

/** Failures that one probe has counted of one check. `event`, or cause: `connect_done`. */
export type CountedFailure = Readonly<{
  pod: string;
  node: string;
  check: string;
  event: string;
  count: number;
  /** When the count was first seen to have grown, in milliseconds since 1970. */
  since: number;
}>;

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
        url: `http://${pod.status.podIP.includes(':') ? `[${pod.status.podIP}]` : pod.status.podIP}:8080`,
        isReady: isReady(pod),
      }),
    );
}

/** Resolves when there are as many pods, all Ready, each with all others as neighbours, and no check fails. */
export async function untilAllIsWell(
  cluster: KubernetesCluster,
  namespace: string,
  count: number,
  limitMs: number,
): Promise<void> {
  let last = '';
  await until('all pods are Ready and no check fails', limitMs, async () => {
    const pods = await probePods(cluster, namespace);
    const answers = await Promise.all(pods.map(aliveOf));
    last = JSON.stringify({ pods, answers });
    const isWell = answers.every(
      (answer) => answer?.status === 200 && answer.neighbours === count - 1,
    );
    return isWell && pods.length === count && pods.every((pod) => pod.isReady);
  }).catch((error) => {
    throw new Error(`${error.message}\n${last}`, { cause: error });
  });
}

/** What each probe counts from now on, also those that end meanwhile and those that come. */
export class FailureWatch implements AsyncDisposable {
  readonly #failures = new Map<string, CountedFailure>();
  readonly #known = new Map<string, number>();
  readonly #seen = new Set<string>();
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  private constructor(cluster: KubernetesCluster, namespace: string) {
    this.#done = this.#poll(cluster, namespace);
  }

  /** What the pods that there are have counted by now is no news. */
  static async start(cluster: KubernetesCluster, namespace: string): Promise<FailureWatch> {
    const watch = new FailureWatch(cluster, namespace);
    const pods = await probePods(cluster, namespace);
    await Promise.all(pods.map(async (pod) => watch.#note(pod, await failuresOf(pod), true)));
    return watch;
  }

  get failures(): readonly CountedFailure[] {
    return [...this.#failures.values()];
  }

  /** The names of the pods that have answered so far. */
  get pods(): readonly string[] {
    return [...this.#seen];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #poll(cluster: KubernetesCluster, namespace: string): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await sleep(PERIOD_MS, undefined, { signal }).catch(() => {});
      const pods = await probePods(cluster, namespace).catch(() => []);
      await Promise.all(pods.map(async (pod) => this.#note(pod, await failuresOf(pod), false)));
    }
  }

  #note(pod: ProbePod, counts: ReadonlyMap<string, number> | undefined, isOld: boolean): void {
    if (counts === undefined) return;
    this.#seen.add(pod.name);
    for (const [series, value] of counts) {
      const key = `${pod.name} ${series}`;
      const before = this.#known.get(key) ?? 0;
      if (isOld) this.#known.set(key, value);
      // A container that was started again counts from zero.
      const count = value >= before ? value - before : value;
      if (isOld || count === 0) continue;
      const [check = '', event = ''] = series.split(' ');
      const since = this.#failures.get(key)?.since ?? Date.now();
      const { name, node } = pod;
      this.#failures.set(key, { pod: name, node, check, event, count, since });
    }
  }
}

/** `check event` → count; undefined when the pod does not answer. */
async function failuresOf({ url }: ProbePod): Promise<ReadonlyMap<string, number> | undefined> {
  try {
    const { body } = await httpGet(`${url}/metrics`, REQUEST_LIMIT_MS);
    const series = /^kubenurse_errors_total\{type="([^"]+)",event="([^"]+)"\} (\d+)$/gm;
    return new Map(
      [...body.matchAll(series)].map(([, check, event, value]) => [
        `${check} ${event}`,
        Number(value),
      ]),
    );
  } catch {
    return undefined;
  }
}

async function aliveOf({
  url,
}: ProbePod): Promise<{ status: number; neighbours: number } | undefined> {
  try {
    const { status, body } = await httpGet(`${url}/alive`, ALIVE_LIMIT_MS);
    return { status, neighbours: JSON.parse(body).neighbourhood?.length };
  } catch {
    return undefined;
  }
}
