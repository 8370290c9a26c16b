/** A computation in steps, between which other work may have its turn. */
export type Steps<T> = Generator<undefined, T>;

/** Runs the steps with rests between them. */
export type RunSteps = <T>(steps: Steps<T>) => Promise<T>;

/** So many items take less than a millisecond: those that are only put in order, and those that are made into something. */
export const MANY = 500;
export const SOME = 20;

/** Tells when a step ends: where the items since the last one have so much weight together. */
export function stepsOf(weight: number): (ofItem: number) => boolean {
  let sum = 0;
  return (ofItem) => {
    sum += ofItem;
    if (sum < weight) return false;
    sum = 0;
    return true;
  };
}

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
