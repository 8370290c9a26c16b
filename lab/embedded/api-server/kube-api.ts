import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubeObject, Resource } from '../../parts/control-plane.ts';
import {
  type ApiRequest,
  forbidden,
  isTrue,
  numberOf,
  parseApiRequest,
  resourceVersionOf,
  selectionOf,
  urlOf,
} from './api-request.ts';
import { sendJson, sendText } from './api-response.ts';
import { ApiError } from './api-status.ts';
import { ObjectStore } from './object-store.ts';
import { getObject, listObjects } from './read-objects.ts';
import { WatchStream } from './watch-stream.ts';

/** The user of requests without a token. */
const ANONYMOUS = 'system:anonymous';
/** kube-apiserver's minimum, for watches whose client sets no timeout. */
const WATCH_SECONDS = 1_800;
const VERSION = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.4+embedded',
  gitTreeState: 'clean',
  platform: 'linux/amd64',
};

/**
 * The API as kube-apiserver serves it: `/version` for everyone; get, list and watch of pods and
 * nodes for anyone with a token.
 */
export class KubeApi {
  readonly #store: ObjectStore;
  readonly #bookmarkIntervalMs: number;
  readonly #isSilent: () => boolean;
  /** token → user */
  readonly #users = new Map<string, string>();
  readonly #watches = new Set<WatchStream>();
  #forbidden: readonly Resource[] = [];

  /** While `isSilent()`, watches send nothing; call `deliver` when that ends. */
  constructor(options: {
    historyLimit: number;
    bookmarkIntervalMs: number;
    isSilent: () => boolean;
  }) {
    this.#store = new ObjectStore(options.historyLimit);
    this.#bookmarkIntervalMs = options.bookmarkIntervalMs;
    this.#isSilent = options.isSilent;
  }

  /** How many watches are open. */
  get watchers(): number {
    return this.#watches.size;
  }

  /** A bearer token that authenticates the user until `revoke`. */
  issueToken(user: string): string {
    const token = randomBytes(24).toString('base64url');
    this.#users.set(token, user);
    return token;
  }

  /** Invalidates the token; watches opened with it continue. */
  revoke(token: string): void {
    this.#users.delete(token);
  }

  /** Forbids everyone to read these; replaces what was forbidden before. */
  forbid(resources: readonly Resource[]): void {
    this.#forbidden = [...resources];
  }

  /** Creates or replaces the object, and notifies watches. */
  put(resource: Resource, object: KubeObject): void {
    this.#store.put(resource, object);
    this.deliver();
  }

  /** Notifies watches, unless there was no such object. */
  remove(resource: Resource, name: string, namespace: string | undefined): void {
    this.#store.remove(resource, name, namespace);
    this.deliver();
  }

  /** Forgets all changes, and ends the watches as if they had fallen behind. */
  compact(): void {
    this.#store.compact();
    for (const watch of this.#watches) {
      watch.expire('The resourceVersion for the provided watch is too old.');
    }
  }

  /** Sends the watches the changes that they have not seen yet. */
  deliver(): void {
    for (const watch of this.#watches) watch.deliver();
  }

  /** Throws ApiError, before sending anything, if the response is a Status. */
  respond(request: IncomingMessage, response: ServerResponse): void {
    const user = this.#authenticate(request.headers.authorization);
    const { method = '' } = request;
    const url = urlOf(request);
    if (method === 'GET' && /^\/version\/?$/.test(url.pathname)) {
      sendJson(response, 200, VERSION);
      return;
    }
    const apiRequest = parseApiRequest(method, url);
    const mayRead =
      user !== ANONYMOUS && !(apiRequest && this.#forbidden.includes(apiRequest.resource));
    if (method !== 'GET' || !mayRead) throw forbidden(user, method, url, apiRequest);
    if (!apiRequest) sendNotFound(response, url);
    else if (apiRequest.verb === 'watch') this.#watch(apiRequest, response);
    else if (apiRequest.verb === 'list')
      sendJson(response, 200, listObjects(this.#store, apiRequest));
    else sendJson(response, 200, getObject(this.#store, apiRequest, request.headers.accept ?? ''));
  }

  /** The user's name. Throws ApiError 401 for an invalid bearer token. */
  #authenticate(authorization = ''): string {
    const token = /^bearer +(\S+)/i.exec(authorization)?.[1];
    if (token === undefined) return ANONYMOUS;
    const user = this.#users.get(token);
    if (user === undefined) throw new ApiError(401, 'Unauthorized');
    return user;
  }

  #watch(apiRequest: ApiRequest, response: ServerResponse): void {
    const { resource, query } = apiRequest;
    const bookmarks = isTrue(query.get('allowWatchBookmarks'));
    const options = {
      resource,
      matches: selectionOf(apiRequest),
      resourceVersion: resourceVersionOf(apiRequest),
      bookmarkIntervalMs: bookmarks ? this.#bookmarkIntervalMs : undefined,
      timeoutSeconds: numberOf(query, 'timeoutSeconds') || WATCH_SECONDS,
    };
    const watch = new WatchStream(this.#store, options, response, this.#isSilent);
    this.#watches.add(watch);
    response.once('close', () => this.#watches.delete(watch));
  }
}

/** Under `/api/`, an unknown path may still be that of a resource. */
function sendNotFound(response: ServerResponse, { pathname }: URL): void {
  if (!pathname.startsWith('/api/')) {
    sendText(response, 404, '404 page not found\n');
    return;
  }
  throw new ApiError(404, 'the server could not find the requested resource', {});
}
