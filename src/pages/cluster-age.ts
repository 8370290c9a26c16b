import type { Cluster } from '../cluster/model.ts';

/** Since the collection began, in whole seconds: the value of the header `Age`. */
export function ageOf({ view }: Cluster): number {
  return Math.max(0, Math.floor(Date.now() / 1000 - view.now));
}
