/** Ends what a client holds. */
type Destroy = () => unknown;

/**
 * What clients hold at once, such as connections. Something new is always let in, so that nobody locks others out by
 * holding: where a limit is reached, the oldest of the client that has the most is destroyed for it.
 */
export class FairLimit {
  readonly #byClient = new Map<string, Set<Destroy>>();
  readonly #max: number;
  readonly #maxPerClient: number;
  #count = 0;

  /** `max`: how many at once; `maxPerClient`: of one client. */
  constructor(max: number, maxPerClient = max) {
    this.#max = max;
    this.#maxPerClient = maxPerClient;
  }

  /** Adds one, until the returned function is called. */
  add(client: string, destroy: Destroy): () => void {
    const own = this.#byClient.get(client) ?? new Set();
    if (own.size >= this.#maxPerClient) this.#destroyOldest(client, own);
    else if (this.#count >= this.#max) this.#destroyOldest(...this.#largest());
    this.#byClient.set(client, own.add(destroy));
    this.#count += 1;
    return () => this.#remove(client, destroy);
  }

  destroyAll(): void {
    for (const all of this.#byClient.values()) for (const destroy of all) destroy();
  }

  #destroyOldest(client: string, [oldest]: Iterable<Destroy>): void {
    if (oldest === undefined) return;
    oldest();
    this.#remove(client, oldest);
  }

  #largest(): [client: string, all: Set<Destroy>] {
    let largest: [string, Set<Destroy>] = ['', new Set()];
    for (const entry of this.#byClient) if (entry[1].size > largest[1].size) largest = entry;
    return largest;
  }

  #remove(client: string, destroy: Destroy): void {
    const all = this.#byClient.get(client);
    if (all?.delete(destroy) !== true) return;
    this.#count -= 1;
    if (all.size === 0) this.#byClient.delete(client);
  }
}
