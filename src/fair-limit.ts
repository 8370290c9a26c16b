/** What a client holds, and how it ends. */
export type Held = Readonly<{ destroy: () => unknown }>;

/**
 * What clients hold at once, such as connections. Something new is always let in, so that nobody locks others out by
 * holding: where a limit is reached, of the client that has the most, what is least recently used is destroyed for it.
 */
export class FairLimit<T extends Held = Held> {
  /** What each client holds, the least recently used first. */
  readonly #byClient = new Map<string, Set<T>>();
  /** Clients by how many they hold, the last entry of those that have the most: found without a look at each client. */
  readonly #bySize: Set<string>[] = [];
  readonly #max: number;
  readonly #maxPerClient: number;
  #count = 0;

  /** `max`: how many at once; `maxPerClient`: of one client. */
  constructor(max: number, maxPerClient = max) {
    this.#max = max;
    this.#maxPerClient = maxPerClient;
  }

  add(client: string, held: T): void {
    const size = this.#byClient.get(client)?.size ?? 0;
    if (size >= this.#maxPerClient) this.#destroyLeastUsed(client);
    else if (this.#count >= this.#max) this.#destroyLeastUsed(this.#largest());
    const own = this.#byClient.get(client) ?? new Set<T>();
    this.#byClient.set(client, own.add(held));
    this.#count += 1;
    this.#resize(client, own.size - 1, own.size);
  }

  /** It has been used: of its client, it is the last to be destroyed. Without effect where it has been removed. */
  touch(client: string, held: T): void {
    const own = this.#byClient.get(client);
    if (own?.delete(held) === true) own.add(held);
  }

  /** Without effect where it has been removed, or destroyed for another. */
  remove(client: string, held: T): void {
    const own = this.#byClient.get(client);
    if (own?.delete(held) !== true) return;
    if (own.size === 0) this.#byClient.delete(client);
    this.#count -= 1;
    this.#resize(client, own.size + 1, own.size);
  }

  /** Destroys all that `isMeant`. */
  destroyAll(isMeant: (held: T) => boolean = () => true): void {
    for (const all of this.#byClient.values()) {
      for (const held of all) if (isMeant(held)) held.destroy();
    }
  }

  #destroyLeastUsed(client: string | undefined): void {
    if (client === undefined) return;
    const [first] = this.#byClient.get(client) ?? [];
    if (first === undefined) return;
    first.destroy();
    this.remove(client, first);
  }

  #largest(): string | undefined {
    const [client] = this.#bySize.at(-1) ?? [];
    return client;
  }

  #resize(client: string, before: number, size: number): void {
    this.#bySize[before]?.delete(client);
    while (this.#bySize.length <= size) this.#bySize.push(new Set());
    if (size > 0) this.#bySize[size]?.add(client);
    while (this.#bySize.at(-1)?.size === 0) this.#bySize.pop();
  }
}
