import type { Cluster, Collect } from '../cluster/model.ts';
import { boundUnread, type Response } from './unread.ts';

/**
 * Collections in memory at once, one that is being made included: of 10 to 25 MB each where reports are false. So a viewer always
 * has the time for which a collection is kept, and that of the next one.
 */
const MAX_COLLECTIONS = 2;

/** The collection for a response that is open. */
export type CollectFor = (response: Response) => Promise<Cluster>;

/** Bounds what viewers that do not read keep of collections: before a new one begins, the responses with the last but one are destroyed. */
export function collectFor(collect: Collect): CollectFor {
  const hold = boundUnread(MAX_COLLECTIONS);
  return (response) => {
    const collection = collect();
    hold(collection, response);
    return collection;
  };
}
