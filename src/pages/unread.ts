import type { ServerResponse } from 'node:http';

/** What is used of a response. */
export type Response = Pick<ServerResponse, 'destroy' | 'destroyed' | 'once'>;

/**
 * Bounds what clients that do not read hold of a page whose content changes. Each version is in memory for as long as one client
 * has yet to receive it: 490 clients held 70 MB of `/metrics` by asking for it one after another (measured). Call the returned
 * function with each response, and the version that it sends: where there are more than `maxVersions`, the responses with the
 * oldest are destroyed.
 */
export function boundUnread(maxVersions = 3): (version: object, response: Response) => void {
  const unread = new Map<object, Set<Response>>();
  return (version, response) => {
    // Its `close` has been, or it has nothing to send.
    if (response.destroyed) return;
    const responses = unread.get(version) ?? new Set();
    unread.set(version, responses.add(response));
    response.once('close', () => {
      responses.delete(response);
      if (responses.size === 0) unread.delete(version);
    });
    const [oldest] = unread;
    if (oldest === undefined || unread.size <= maxVersions) return;
    const [oldestVersion, holders] = oldest;
    unread.delete(oldestVersion);
    for (const each of holders) each.destroy();
  };
}
