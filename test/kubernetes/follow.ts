import { onTestFinished } from 'vitest';
import type { KubeObject } from '../../lab/parts/control-plane.ts';
import { until } from '../../lab/support/until.ts';
import { Informer } from '../../src/kubernetes/informer.ts';
import type { KubernetesObject } from '../../src/kubernetes/responses.ts';

/** No test waits longer than this for the collection. */
const LIMIT_MS = 5_000;

export const PODS = '/api/v1/namespaces/kubenurse/pods';

/** A pod of that namespace; `version` is what a followed collection keeps of it. */
export function pod(name: string, version = '1'): KubeObject {
  return { metadata: { name, namespace: 'kubenurse', labels: { version } } };
}

type Labelled = KubernetesObject & { metadata: { labels?: Record<string, string> } };

/** A collection of the pods that is followed until `stop` or the end of the test. */
export class Followed {
  /** The text of each trouble, `contact`, `too many` and `all`, in order. */
  readonly reported: string[] = [];
  readonly oddities: string[] = [];
  changes = 0;
  readonly #collection: Informer<Labelled, string>;
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;

  constructor() {
    this.#collection = new Informer<Labelled, string>({
      path: PODS,
      query: {},
      transform: ({ metadata }) => metadata.labels?.version ?? '',
      onChange: () => {
        this.changes += 1;
      },
      onError: ({ message }) => this.reported.push(message),
      onRecovery: () => this.reported.push('contact'),
      onExcess: (isTooMany) => this.reported.push(isTooMany ? 'too many' : 'all'),
      onInvalid: (text) => this.oddities.push(text),
    });
    this.#following = this.#collection.follow(this.#stop.signal);
    onTestFinished(() => this.stop());
  }

  /** `name=version` of each item; undefined until the first list has arrived. */
  get items(): string[] | undefined {
    const { items } = this.#collection;
    return items && Array.from(items, ([name, version]) => `${name}=${version}`);
  }

  get trouble(): string | undefined {
    return this.#collection.error?.message;
  }

  get isWatching(): boolean {
    return this.#collection.isWatching;
  }

  retryNow(): void {
    this.#collection.retryNow();
  }

  /** Resolves when these are the items, in any order. */
  async has(...items: string[]): Promise<void> {
    const wanted = items.toSorted().join();
    await until(`the items ${wanted}`, LIMIT_MS, () => this.items?.toSorted().join() === wanted);
  }

  /** Resolves when this many troubles and contacts have been reported. */
  async hears(count: number): Promise<void> {
    await until(`${count} troubles or contacts`, LIMIT_MS, () => this.reported.length >= count);
  }

  /** Resolves when it is no longer followed. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the test stops it'));
    await this.#following;
  }
}
