/** What a client holds, and how it ends. */
export type Held = Readonly<{ destroy: () => unknown }>;

/**
 * What clients hold at once, such as connections. Something new is always let in, so that nobody locks others out by
 * holding: where a limit is reached, the oldest of the client that has the most is destroyed for it.
 */
export class FairLimit<T extends Held = Held> {
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
    if (size >= this.#maxPerClient) this.#destroyOldest(client);
    else if (this.#count >= this.#max) this.#destroyOldest(this.#largest());
    const own = this.#byClient.get(client) ?? new Set<T>();
    this.#byClient.set(client, own.add(held));
    this.#count += 1;
    this.#resize(client, own.size - 1, own.size);
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

  #destroyOldest(client: string | undefined): void {
    if (client === undefined) return;
    const [oldest] = this.#byClient.get(client) ?? [];
    if (oldest === undefined) return;
    oldest.destroy();
    this.remove(client, oldest);
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
