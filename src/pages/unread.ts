import type { ServerResponse } from 'node:http';

/**
 * Versions of a text that clients may have yet to receive. Each is in memory for as long as one client has not: of clients that
 * do not read, 490 held 70 MB of `/metrics` by asking for it one after another (measured).
 */
const MAX_VERSIONS = 3;

type Response = Pick<ServerResponse, 'destroy' | 'once'>;

/**
 * Bounds what clients that do not read hold of a page whose text changes. Call the returned function with each response and the
 * version that it sends: where there are too many versions, the responses with the oldest are destroyed.
 */
export function boundUnread(): (version: object, response: Response) => void {
  const unread = new Map<object, Set<Response>>();
  return (version, response) => {
    const responses = unread.get(version) ?? new Set();
    unread.set(version, responses.add(response));
    response.once('close', () => {
      responses.delete(response);
      if (responses.size === 0) unread.delete(version);
    });
    const [oldest] = unread.values();
    if (unread.size > MAX_VERSIONS) for (const each of oldest ?? []) each.destroy();
  };
}
