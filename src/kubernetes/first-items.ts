/**
 * So many objects are kept of a collection. Kubernetes supports 5,000 nodes, and in a rollout with surge each has two pods: as
 * many. A pod takes up to 1.2 KB (measured with V8 14), and while a list comes, those of the last one are kept as well.
 */
export const MAX_ITEMS = 10_000;

/** How many more there are before they are cut to that number, which takes 3 ms with the flags of the image (measured). */
const SPARE_ITEMS = 500;

/** The first items by key. Of a collection that is too large, all pods keep the same, whether listed or watched. */
export class FirstItems<Item> {
  readonly #items = new Map<string, Item>();
  /** The first key that is left out; undefined where none is. */
  #end: string | undefined;

  get items(): ReadonlyMap<string, Item> {
    return this.#items;
  }

  /** Whether items were left out: when others are deleted, these are missing. */
  get isCut(): boolean {
    return this.#end !== undefined;
  }

  /** Returns false where the item is left out. */
  set(key: string, item: Item): boolean {
    if (this.#end !== undefined && key >= this.#end) return false;
    this.#items.set(key, item);
    if (this.#items.size > MAX_ITEMS + SPARE_ITEMS) this.#cut();
    return true;
  }

  /** Returns whether there was one. */
  delete(key: string): boolean {
    return this.#items.delete(key);
  }

  #cut(): void {
    const beyond = [...this.#items.keys()].sort().slice(MAX_ITEMS);
    for (const key of beyond) this.#items.delete(key);
    this.#end = beyond[0];
  }
}
