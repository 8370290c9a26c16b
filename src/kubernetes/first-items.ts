/**
 * How many objects of a collection to keep. Kubernetes supports 5,000 nodes, each with two pods
 * during a rollout with surge. A pod takes up to 1.2 KB (measured with V8 14), and while a list
 * arrives, the objects of the last one are kept as well.
 */
export const MAX_ITEMS = 10_000;

/** How many more to keep before cutting to that number (3 ms with the image's flags, measured). */
const SPARE_ITEMS = 500;

/**
 * The first items by key: if a collection is too large, all pods keep the same ones, whether listed
 * or watched.
 */
export class FirstItems<Item> {
  readonly #items = new Map<string, Item>();
  /** The first key that is left out; undefined if none is. */
  #end: string | undefined;

  get items(): ReadonlyMap<string, Item> {
    return this.#items;
  }

  /** Whether items were left out: they stay missing when others are deleted. */
  get isCut(): boolean {
    return this.#end !== undefined;
  }

  /** Returns false if the item is left out. */
  set(key: string, item: Item): boolean {
    if (this.#end !== undefined && key >= this.#end) return false;
    this.#items.set(key, item);
    if (this.#items.size > MAX_ITEMS + SPARE_ITEMS) this.#cut();
    return true;
  }

  /** Returns whether the item existed. */
  delete(key: string): boolean {
    return this.#items.delete(key);
  }

  #cut(): void {
    const beyond = [...this.#items.keys()].sort().slice(MAX_ITEMS);
    for (const key of beyond) this.#items.delete(key);
    this.#end = beyond[0];
  }
}
