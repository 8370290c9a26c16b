/** What a client holds, such as a connection. */
type Held = Readonly<{
  destroy: () => unknown;
  once: (event: 'close', listener: () => void) => unknown;
}>;

/**
 * What clients hold at once. Something new is always let in, so that nobody locks others out by holding: where a limit is
 * reached, the oldest of the client that has the most is destroyed for it.
 */
export class FairLimit<T extends Held> {
  readonly #byClient = new Map<string, Set<T>>();
  readonly #max: number;
  readonly #maxPerClient: number;
  #count = 0;

  /** `max`: how many at once; `maxPerClient`: of one client. */
  constructor(max: number, maxPerClient = max) {
    this.#max = max;
    this.#maxPerClient = maxPerClient;
  }

  /** Adds it until it closes. */
  add(client: string, held: T): void {
    const own = this.#byClient.get(client) ?? new Set();
    if (own.size >= this.#maxPerClient) this.#destroyOldest(client, own);
    else if (this.#count >= this.#max) this.#destroyOldest(...this.#largest());
    this.#byClient.set(client, own.add(held));
    this.#count += 1;
    held.once('close', () => this.#remove(client, held));
  }

  destroyAll(): void {
    for (const all of this.#byClient.values()) for (const held of all) held.destroy();
  }

  #destroyOldest(client: string, [oldest]: Iterable<T>): void {
    if (oldest === undefined) return;
    oldest.destroy();
    this.#remove(client, oldest);
  }

  #largest(): [client: string, all: Set<T>] {
    let largest: [string, Set<T>] = ['', new Set()];
    for (const entry of this.#byClient) if (entry[1].size > largest[1].size) largest = entry;
    return largest;
  }

  #remove(client: string, held: T): void {
    const all = this.#byClient.get(client);
    if (all?.delete(held) !== true) return;
    this.#count -= 1;
    if (all.size === 0) this.#byClient.delete(client);
  }
}
