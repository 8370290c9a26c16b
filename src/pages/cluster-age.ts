import type { Cluster } from '../cluster/model.ts';

/** Whole seconds since the collection began: the value of the header `Age`. */
export function ageOf({ view }: Cluster): number {
  return Math.max(0, Math.floor(Date.now() / 1000 - view.now));
}
