import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet } from '../support/http-get.ts';

/** kubelet's defaults for a probe's timeoutSeconds and failureThreshold; its period of 10 s is made shorter. */
const LIMIT_MS = 1_000;
const FAILURES = 3;
const PERIOD_MS = 1_000;

/** How long after the start of its program a pod is asked first, and after that until its endpoint is known, in milliseconds. */
export type ReadinessTimes = Readonly<{ initialDelay: number; propagation: number }>;

/** Half a second until kube-proxy and the ingress know: it applies changes once a second. */
export const READINESS_TIMES: ReadinessTimes = { initialDelay: 0, propagation: 500 };

/** Whether it is answered with 200 within a second. Never rejects. */
export async function answers(url: string): Promise<boolean> {
  return httpGet(url, LIMIT_MS).then(
    ({ status }) => status === 200,
    () => false,
  );
}

/** Asks a pod every second whether it is ready, as its kubelet does: one success says so, three failures deny it. */
export class ReadinessProbe {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  /** Begins after `initialDelay` milliseconds. `tell` is called after each answer, with what is held true by then. */
  constructor(url: string, initialDelay: number, tell: (isReady: boolean) => Promise<void>) {
    this.#done = this.#run(url, initialDelay, tell);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(
    url: string,
    initialDelay: number,
    tell: (isReady: boolean) => Promise<void>,
  ): Promise<void> {
    const { signal } = this.#stop;
    await sleep(initialDelay, undefined, { signal }).catch(() => {});
    let isReady = false;
    let failures = 0;
    while (!signal.aborted) {
      const ok = await answers(url);
      failures = ok ? 0 : failures + 1;
      isReady = ok || (isReady && failures < FAILURES);
      // If the API server is unavailable, the next attempt reports it.
      await tell(isReady).catch(() => {});
      await sleep(PERIOD_MS, undefined, { signal }).catch(() => {});
    }
  }
}
