/** Something that a client holds, and how to end it. */
export type Held = Readonly<{ destroy: () => unknown }>;

/**
 * Limits what clients hold at once, such as connections. New ones are always admitted, so that
 * nobody can lock others out: at the limit, the client that holds the most loses the one that it
 * used least recently.
 */
export class FairLimit<T extends Held = Held> {
  /** What each client holds, the least recently used first. */
  readonly #byClient = new Map<string, Set<T>>();
  /**
   * Clients by how many they hold. The last entry has those that hold the most, so that no search
   * is necessary.
   */
  readonly #bySize: Set<string>[] = [];
  readonly #max: number;
  readonly #maxPerClient: number;
  #count = 0;

  /** `max`: how many at once in total; `maxPerClient`: by one client. */
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

  /**
   * Marks it as used, and so as the last of its client to be destroyed. Does nothing if it has been
   * removed.
   */
  touch(client: string, held: T): void {
    const own = this.#byClient.get(client);
    if (own?.delete(held) === true) own.add(held);
  }

  /** Does nothing if it has been removed, or destroyed to make room for another. */
  remove(client: string, held: T): void {
    const own = this.#byClient.get(client);
    if (own?.delete(held) !== true) return;
    if (own.size === 0) this.#byClient.delete(client);
    this.#count -= 1;
    this.#resize(client, own.size + 1, own.size);
  }

  /** Destroys all for which `isMeant` returns true. */
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
