import type { ServerResponse } from 'node:http';
import { startScriptedServer } from '../support/api-server.ts';

/** A page of a list at resourceVersion 5. */
export function page(names: readonly string[], metadata: object = {}): string {
  const items = names.map((name) => ({ metadata: { name } }));
  return JSON.stringify({ metadata: { resourceVersion: '5', ...metadata }, items });
}

/** A line of a watch. */
export function event(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

/** A watch that stays open and silent. */
export const silent = (response: ServerResponse) => response.flushHeaders();

export const isWatch = ({ path }: { path: string }) => path.includes('watch=true');

/** The queries of the requests for a list, and of those for a watch, in order. */
export function queriesOf(requests: readonly { path: string }[]) {
  const all = requests.map(({ path }) => new URL(path, 'http://a').searchParams);
  return {
    lists: all.filter((query) => !query.has('watch')).map((query) => Object.fromEntries(query)),
    watches: all.filter((query) => query.has('watch')).map((query) => Object.fromEntries(query)),
  };
}

/**
 * Starts a server whose every list is one pod, `a`. The next of `handlers` handles each watch, and
 * the last of them all further ones. Returns the requests as they arrive.
 */
export async function startWatchServer(
  ...handlers: ((response: ServerResponse) => void)[]
): Promise<{ path: string }[]> {
  const requests: { path: string }[] = [];
  await startScriptedServer(({ url: path = '' }, response) => {
    requests.push({ path });
    if (!isWatch({ path })) return void response.end(page(['a']));
    const number = Math.min(requests.filter(isWatch).length, handlers.length);
    handlers[number - 1]?.(response);
  });
  return requests;
}
