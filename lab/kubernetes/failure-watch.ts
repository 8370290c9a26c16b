import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet } from '../support/http-get.ts';
import type { KubernetesCluster } from './cluster.ts';
import { type ProbePod, probePods } from './probes.ts';

const PERIOD_MS = 500;
const REQUEST_LIMIT_MS = 2_000;

const COUNT =
  /^kubenurse_(?:errors|check_failures)_total\{type="([^"]+)",(?:event|cause)="([^"]+)"\} (\d+)$/gm;
const FAILED = /^kubenurse_check_success\{type="([^"]+)"\} 0$/gm;

/** Failures that one probe has counted for one check. */
export type CountedFailure = Readonly<{
  pod: string;
  node: string;
  check: string;
  /** An event, such as `connect_done`, or a cause: each failure is counted under both. */
  what: string;
  count: number;
  /** When the count was first seen to increase, in milliseconds since 1970. */
  since: number;
}>;

/** The state of one pod. `time`: of the request, in milliseconds since 1970. */
type State = Readonly<{ time: number; failing: readonly string[] }>;

/**
 * What each probe counts from now on, including probes that end or start in the meantime; read
 * twice a second.
 */
export class FailureWatch implements AsyncDisposable {
  readonly #failures = new Map<string, CountedFailure>();
  readonly #known = new Map<string, number>();
  readonly #states = new Map<string, State>();
  readonly #stop = new AbortController();
  readonly #reading = new Map<string, Promise<void>>();
  #listed: readonly ProbePod[] = [];
  #done: Promise<void> = Promise.resolve();

  private constructor() {}

  /** Does not report what existing pods have counted so far. */
  static async start(cluster: KubernetesCluster, namespace: string): Promise<FailureWatch> {
    const watch = new FailureWatch();
    watch.#listed = await probePods(cluster, namespace);
    await Promise.all(watch.#listed.map((pod) => watch.#read(pod, true)));
    watch.#done = watch.#poll(cluster, namespace);
    return watch;
  }

  get failures(): readonly CountedFailure[] {
    return [...this.#failures.values()];
  }

  /** The pods listed last. */
  get listed(): readonly ProbePod[] {
    return this.#listed;
  }

  /** The names of the pods that have responded so far. */
  get pods(): readonly string[] {
    return [...this.#states.keys()];
  }

  /**
   * Whether there are this many pods, each has responded since that time, and none reported a
   * failing check in its last response.
   */
  isWell(count: number, since: number): boolean {
    const states = this.#listed.map(({ name }) => this.#states.get(name));
    return (
      states.length === count &&
      states.every((state) => state && state.time > since && state.failing.length === 0)
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await Promise.all(this.#reading.values());
  }

  async #poll(cluster: KubernetesCluster, namespace: string): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await sleep(PERIOD_MS, undefined, { signal }).catch(() => {});
      // While the API server is down, the last known pods are read.
      this.#listed = await probePods(cluster, namespace).catch(() => this.#listed);
      for (const pod of this.#listed) {
        if (this.#reading.has(pod.name)) continue;
        const read = this.#read(pod, false).finally(() => this.#reading.delete(pod.name));
        this.#reading.set(pod.name, read);
      }
    }
  }

  /** A pod that does not respond is skipped. */
  async #read(pod: ProbePod, isOld: boolean): Promise<void> {
    const time = Date.now();
    const response = await httpGet(`${pod.url}/metrics`, REQUEST_LIMIT_MS).catch(() => undefined);
    if (response === undefined) return;
    const failing = [...response.body.matchAll(FAILED)].map(([, check = '']) => check);
    this.#states.set(pod.name, { time, failing });
    for (const [, check = '', what = '', value] of response.body.matchAll(COUNT)) {
      this.#note(pod, check, what, Number(value), isOld);
    }
  }

  #note({ name, node }: ProbePod, check: string, what: string, value: number, isOld: boolean) {
    const key = `${name} ${check} ${what}`;
    const before = this.#known.get(key) ?? 0;
    if (isOld) this.#known.set(key, value);
    // A restarted container counts from zero.
    const count = value >= before ? value - before : value;
    if (isOld || count === 0) return;
    const since = this.#failures.get(key)?.since ?? Date.now();
    this.#failures.set(key, { pod: name, node, check, what, count, since });
  }
}
