import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';

/** The maximum number of concurrent requests. */
const CONNECTIONS = 16;
const REQUEST_LIMIT_MS = 30_000;

/** The server, and a client's credentials. */
export type Access = Readonly<{ url: URL; certificateAuthority: string; token: string }>;

/** A component of Kubernetes: an object records who wrote what by program name. */
export type Component = 'kubelet' | 'kube-controller-manager' | 'kube-scheduler' | 'kubectl';

/**
 * Writes many objects, over a few persistent connections. Each method rejects if its request is
 * refused.
 */
export class ObjectWriter {
  readonly #access: Access;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

  constructor(access: Access) {
    this.#access = access;
  }

  create(path: string, object: object, as: Component): Promise<void> {
    return this.#send('POST', path, object, 'application/json', as);
  }

  patch(path: string, patch: object, as: Component): Promise<void> {
    return this.#send('PATCH', path, patch, 'application/strategic-merge-patch+json', as);
  }

  delete(path: string, options: { gracePeriodSeconds: number }, as: Component): Promise<void> {
    return this.#send('DELETE', path, options, 'application/json', as);
  }

  /**
   * Calls `write` for each item, as many at once as there are connections. Rejects with the first
   * failure.
   */
  async each<T>(items: readonly T[], write: (item: T) => Promise<void>): Promise<void> {
    const left = items.values();
    const inTurn = async () => {
      for (const item of left) await write(item);
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, inTurn));
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body: object, type: string, as: Component): Promise<void> {
    const { url, certificateAuthority, token } = this.#access;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sent = JSON.stringify(body);
    const outgoing = request(new URL(path, url), {
      method,
      agent: this.#agent,
      ca: certificateAuthority,
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': type,
        'content-length': Buffer.byteLength(sent),
        'user-agent': `${as}/v1.36.4`,
      },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const { statusCode = 0 } = response;
      text(response).then((body) => {
        if (statusCode < 300) resolve();
        else reject(new Error(`${method} ${path}: ${statusCode} ${body.slice(0, 500)}`));
      }, reject);
    });
    outgoing.end(sent);
    return promise;
  }
}
