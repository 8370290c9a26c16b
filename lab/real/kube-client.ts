import type { ClientRequest, IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';

const REQUEST_LIMIT_MS = 10_000;

/** A Kubernetes object, with the fields that matter here. */
export type ApiObject = {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name?: string;
    generateName?: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    labels?: Record<string, string>;
    deletionTimestamp?: string;
  };
  // biome-ignore lint/suspicious/noExplicitAny: callers know the other fields
  [field: string]: any;
};

/** A whole response, whatever its status. */
export type RawResponse = Readonly<{ status: number; headers: IncomingHttpHeaders; body: string }>;

/** Open until a response arrives, as when the API server rejects it, or until it is given up. */
export type UnfinishedPost = Readonly<{ isOpen: boolean; giveUp: () => void }>;

/**
 * The server, and how to authenticate. `certificateAuthority` is called for each request, because
 * it may change.
 */
export type KubeClientOptions = Readonly<{
  url: URL;
  certificateAuthority: () => string;
  /** Undefined: anonymous. */
  token?: string;
}>;

/** An unsuccessful response; its message is that of the Status. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  /** The HTTP status code. */
  readonly code: number;
  /** Such as `NotFound`; undefined if the response was not a Status. */
  readonly reason: string | undefined;

  constructor(what: string, { status, body }: RawResponse) {
    const { message, reason } = statusOf(body);
    super(`${what}: ${status} ${message}`);
    this.code = status;
    this.reason = reason;
  }
}

/**
 * Sends requests to a real API server, by paths such as `/api/v1/nodes/a`. Each request has a
 * separate connection, and 10 s.
 */
export class KubeClient {
  readonly #options: KubeClientOptions;

  constructor(options: KubeClientOptions) {
    this.#options = options;
  }

  /** The object, or list. Throws a KubeError. */
  get(path: string): Promise<ApiObject> {
    return this.#exchange('GET', path);
  }

  /**
   * Sends a POST to a collection or a subresource, including TokenRequest and Binding. Throws a
   * KubeError.
   */
  create(path: string, object: ApiObject): Promise<ApiObject> {
    return this.#exchange('POST', path, object);
  }

  /**
   * Merges the patch into the object (RFC 7386): null removes a field, and a list replaces another.
   * Throws a KubeError.
   */
  patch(path: string, patch: object): Promise<ApiObject> {
    return this.#exchange('PATCH', path, patch, 'application/merge-patch+json');
  }

  /** Does nothing if there is no such object. Throws a KubeError for other failures. */
  async delete(path: string, options: { gracePeriodSeconds?: number } = {}): Promise<void> {
    await ignoring(404, this.#exchange('DELETE', path, options));
  }

  /** The response, whatever its status. Throws only if there is none. */
  raw(path: string): Promise<RawResponse> {
    return this.#send('GET', path);
  }

  /** Begins a POST whose body never arrives. */
  beginPost(path: string): UnfinishedPost {
    const outgoing = this.#request('POST', path, 'application/json');
    const post = { isOpen: true, giveUp: () => void outgoing.destroy() };
    const ended = () => {
      post.isOpen = false;
    };
    outgoing.on('error', ended).on('response', ended);
    outgoing.write('{');
    return post;
  }

  async #exchange(
    method: string,
    path: string,
    body?: object,
    contentType = 'application/json',
  ): Promise<ApiObject> {
    const response = await this.#send(method, path, body && JSON.stringify(body), contentType);
    if (response.status >= 300) throw new KubeError(`${method} ${path}`, response);
    return JSON.parse(response.body);
  }

  #send(method: string, path: string, body?: string, contentType?: string): Promise<RawResponse> {
    const signal = AbortSignal.timeout(REQUEST_LIMIT_MS);
    return new Promise((resolve, reject) => {
      const outgoing = this.#request(method, path, contentType, signal);
      // Node does not set it for the body of a DELETE.
      if (body !== undefined) outgoing.setHeader('content-length', Buffer.byteLength(body));
      outgoing.on('error', (error) => {
        reject(new Error(`${method} ${path}: ${error.message}`, { cause: error }));
      });
      outgoing.on('response', (response) => {
        const { statusCode: status = 0, headers } = response;
        text(response).then((whole) => resolve({ status, headers, body: whole }), reject);
      });
      outgoing.end(body);
    });
  }

  #request(
    method: string,
    path: string,
    contentType: string | undefined,
    signal?: AbortSignal,
  ): ClientRequest {
    const { url, certificateAuthority, token } = this.#options;
    return request(new URL(path, url), {
      method,
      agent: false,
      ca: certificateAuthority(),
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(contentType !== undefined && { 'content-type': contentType }),
      },
      ...(signal && { signal }),
    });
  }
}

/** The result; undefined instead of a KubeError of this code. */
export async function ignoring<T>(code: number, result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof KubeError && error.code === code) return undefined;
    throw error;
  }
}

function statusOf(body: string): { message: string; reason?: string } {
  try {
    const { kind, message, reason } = JSON.parse(body);
    if (kind === 'Status') return { message, reason };
  } catch {
    // Not JSON.
  }
  return { message: body.slice(0, 200) };
}
