import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import type { Access } from './object-writer.ts';
import { field } from './protobuf.ts';

/** As client-go's reflector does: lists from the API server's cache, and watches from there on. */
const PAGE_OBJECTS = 500;
const WATCH_SECONDS = 450;
const REQUEST_LIMIT_MS = 30_000;

/**
 * Lists and watches all objects of a collection, without a selector. Requests protobuf, as the
 * clients that controller-runtime creates for Kubernetes types do, and compressed lists, as Go's
 * clients do.
 */
export class WatchAll {
  readonly #watch: IncomingMessage;
  readonly #agent: Agent;

  private constructor(watch: IncomingMessage, agent: Agent) {
    this.#watch = watch;
    this.#agent = agent;
    // Discards what it reads.
    watch.on('error', () => {}).resume();
  }

  /**
   * Resolves when the list and the head of the watch have arrived. `localAddress`: its source
   * address.
   */
  static async start(access: Access, path: string, localAddress: string): Promise<WatchAll> {
    const agent = new Agent({ keepAlive: true, localAddress });
    const get = (query: Record<string, string | number>) => responseTo(access, agent, path, query);
    let resourceVersion = '0';
    let next = '';
    do {
      const page = await whole(
        await get({ limit: PAGE_OBJECTS, ...(next ? { continue: next } : { resourceVersion }) }),
      );
      // After the four bytes `k8s\0` comes a message `Unknown`: its field 2 is the list, whose
      // field 1 is the ListMeta.
      const metadata = field(field(page.subarray(4), 2), 1);
      resourceVersion = field(metadata, 2).toString();
      next = field(metadata, 3).toString();
    } while (next !== '');
    const watch = await get({
      watch: 'true',
      resourceVersion,
      allowWatchBookmarks: 'true',
      timeoutSeconds: WATCH_SECONDS,
    });
    return new WatchAll(watch, agent);
  }

  close(): void {
    this.#watch.destroy();
    this.#agent.destroy();
  }
}

async function responseTo(
  { url, certificateAuthority, token }: Access,
  agent: Agent,
  path: string,
  query: Record<string, string | number>,
): Promise<IncomingMessage> {
  const target = new URL(path, url);
  for (const [name, value] of Object.entries(query)) target.searchParams.set(name, `${value}`);
  const outgoing = request(target, {
    agent,
    ca: certificateAuthority,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/vnd.kubernetes.protobuf, */*',
      'accept-encoding': 'gzip',
    },
  });
  outgoing.end();
  // If the connection is cut later, the response reports it.
  outgoing.on('error', () => {});
  const [response] = await once(outgoing, 'response', {
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  });
  if (response.statusCode === 200) return response;
  throw new Error(`${target}: ${response.statusCode} ${await buffer(response)}`);
}

function whole(response: IncomingMessage): Promise<Buffer> {
  const isZipped = response.headers['content-encoding'] === 'gzip';
  return buffer(isZipped ? response.pipe(createGunzip()) : response);
}
