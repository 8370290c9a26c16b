/** A computation in steps, between which other work can run. */
export type Steps<T> = Generator<undefined, T>;

/** Runs the steps with pauses between them. */
export type RunSteps = <T>(steps: Steps<T>) => Promise<T>;

/** Items that take less than a millisecond: `MANY` to put in order, `SOME` to make something of. */
export const MANY = 500;
export const SOME = 20;

/** Returns a test for the end of a step: whether the items since the last add up to `weight`. */
export function stepsOf(weight: number): (ofItem: number) => boolean {
  let sum = 0;
  return (ofItem) => {
    sum += ofItem;
    if (sum < weight) return false;
    sum = 0;
    return true;
  };
}

/** Runs all steps at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** `items.map(make)`, `perStep` items per step. */
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
