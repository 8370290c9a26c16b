import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesCluster } from '../kubernetes/cluster.ts';
import { probePods } from '../kubernetes/probes.ts';
import { httpGet } from '../support/http-get.ts';
import { headlines } from './verdict.ts';

/** How long a pod keeps what it has collected. */
const PERIOD_MS = 5_000;
/** A collection takes up to 13 s. */
const REQUEST_LIMIT_MS = 15_000;

/**
 * A page of the first pod that responds with it, preferably of one that is Ready. Rejects if none
 * does.
 */
export async function clusterPage(
  cluster: KubernetesCluster,
  namespace: string,
  path: string,
): Promise<string> {
  const pods = await probePods(cluster, namespace);
  for (const { url } of pods.toSorted((a, b) => Number(b.isReady) - Number(a.isReady))) {
    const response = await httpGet(`${url}${path}`, REQUEST_LIMIT_MS).catch(() => undefined);
    if (response !== undefined) return response.body;
  }
  throw new Error('no pod of kubenurse responds');
}

/**
 * Reports each sentence of the verdict when it appears, and when nothing is wrong any more, until
 * `signal` aborts.
 */
export async function followVerdict(
  cluster: KubernetesCluster,
  namespace: string,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let last: readonly string[] = [];
  while (!signal.aborted) {
    // Without a response, the last verdict remains.
    const now = await clusterPage(cluster, namespace, '/cluster.json')
      .then(headlines)
      .catch(() => last);
    for (const text of now) if (!last.includes(text)) say(`verdict: ${text}`);
    if (now.length === 0 && last.length > 0) say('verdict: nothing is wrong');
    last = now;
    await sleep(PERIOD_MS, undefined, { signal }).catch(() => {});
  }
}
