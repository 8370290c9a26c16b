/** How many clients to remember: more than can wait, as each has at least one connection. */
const MAX_REMEMBERED = 1_000;

/**
 * Grants one turn after another. The next goes to the first waiting client that has had none or, if
 * all have, to the one whose last turn is longest ago. Clients in a loop thus do not keep out one
 * that comes now and then.
 */
export class FairTurns {
  /** Callbacks that start turns, by client, in order of arrival. */
  readonly #waiting = new Map<string, (() => void)[]>();
  /** Clients in the order of their last turns. */
  readonly #served = new Set<string>();
  #isTaken = false;

  /** Resolves when it is the client's turn, which lasts until `end()`. */
  take(client: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const own = this.#waiting.get(client);
    if (own === undefined) this.#waiting.set(client, [resolve]);
    else own.push(resolve);
    if (!this.#isTaken) this.#startNext();
    return promise;
  }

  /** Ends the turn and starts the next. */
  end(): void {
    this.#isTaken = false;
    this.#startNext();
  }

  #startNext(): void {
    const client = this.#longestWithout();
    if (client === undefined) return;
    const own = this.#waiting.get(client) ?? [];
    const start = own.shift();
    if (own.length === 0) this.#waiting.delete(client);
    this.#remember(client);
    this.#isTaken = true;
    start?.();
  }

  #longestWithout(): string | undefined {
    for (const client of this.#waiting.keys()) if (!this.#served.has(client)) return client;
    for (const client of this.#served) if (this.#waiting.has(client)) return client;
    return undefined;
  }

  #remember(client: string): void {
    this.#served.delete(client);
    this.#served.add(client);
    const [oldest] = this.#served;
    if (this.#served.size > MAX_REMEMBERED && oldest !== undefined) this.#served.delete(oldest);
  }
}
