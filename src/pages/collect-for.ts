import type { Cluster, Collect } from '../cluster/model.ts';
import { boundUnread, type Response } from './unread.ts';

/**
 * Maximum collections in memory, including the one being made: each has 10 to 25 MB if reports are
 * false. A viewer thus always has the time for which a collection is kept, plus that of the next
 * one.
 */
const MAX_COLLECTIONS = 2;

/** Returns the collection for an open response. */
export type CollectFor = (response: Response) => Promise<Cluster>;

/**
 * Bounds the collections held by viewers that do not read: when a new one begins, the responses
 * with the last but one are destroyed.
 */
export function collectFor(collect: Collect): CollectFor {
  const hold = boundUnread(MAX_COLLECTIONS);
  return (response) => {
    const collection = collect();
    hold(collection, response);
    return collection;
  };
}
