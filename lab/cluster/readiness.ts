import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet } from '../support/http-get.ts';

/**
 * kubelet's defaults for a probe's timeoutSeconds and failureThreshold. Its period of 10 s is
 * shortened.
 */
const LIMIT_MS = 1_000;
const FAILURES = 3;
const PERIOD_MS = 1_000;

/**
 * Milliseconds from the program's start to the first probe, and from readiness until Service and
 * ingress know the endpoint.
 */
export type ReadinessTimes = Readonly<{ initialDelay: number; propagation: number }>;

/** kube-proxy needs half a second on average, because it applies changes once a second. */
export const READINESS_TIMES: ReadinessTimes = { initialDelay: 0, propagation: 500 };

/** Whether the response has status 200 and arrives within a second. Never rejects. */
export async function isOk(url: string): Promise<boolean> {
  return httpGet(url, LIMIT_MS).then(
    ({ status }) => status === 200,
    () => false,
  );
}

/**
 * A readiness probe like kubelet's, once a second: one success makes the pod ready, three failures
 * make it unready.
 */
export class ReadinessProbe {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  /**
   * Starts after `initialDelay` milliseconds. `onResult` is called after each response, with the
   * resulting readiness.
   */
  constructor(url: string, initialDelay: number, onResult: (isReady: boolean) => Promise<void>) {
    this.#done = this.#run(url, initialDelay, onResult);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(
    url: string,
    initialDelay: number,
    onResult: (isReady: boolean) => Promise<void>,
  ): Promise<void> {
    const { signal } = this.#stop;
    await sleep(initialDelay, undefined, { signal }).catch(() => {});
    let isReady = false;
    let failures = 0;
    while (!signal.aborted) {
      const ok = await isOk(url);
      failures = ok ? 0 : failures + 1;
      isReady = ok || (isReady && failures < FAILURES);
      // If the API server is unavailable, the next attempt reports it.
      await onResult(isReady).catch(() => {});
      await sleep(PERIOD_MS, undefined, { signal }).catch(() => {});
    }
  }
}
