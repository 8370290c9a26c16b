/** A computation in steps, between which other work may have its turn. */
export type Steps<T> = Generator<undefined, T>;

/** Runs the steps with rests between them. */
export type RunSteps = <T>(steps: Steps<T>) => Promise<T>;

/** Items that are only put in order, so many of which take less than a millisecond. */
export const MANY = 500;

/** All steps at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** `items.map(make)`, so many items in a step. */
export function* mapSteps<T, R>(items: Iterable<T>, make: (item: T) => R, perStep = 1): Steps<R[]> {
  const made: R[] = [];
  for (const item of items) {
    made.push(make(item));
    if (made.length % perStep === 0) yield;
  }
  return made;
}

/** `Map.groupBy(items, keyOf)` in steps. */
export function* groupSteps<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Steps<Map<K, T[]>> {
  const groups = new Map<K, T[]>();
  let count = 0;
  for (const item of items) {
    append(groups, keyOf(item), item);
    count += 1;
    if (count % MANY === 0) yield;
  }
  return groups;
}

/** Adds the value to the list of this key. */
export function append<K, T>(lists: Map<K, T[]>, key: K, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
