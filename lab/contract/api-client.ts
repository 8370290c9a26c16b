import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import type { ControlPlane } from '../parts/control-plane.ts';

/** No test waits longer than this for a response or an event. */
const LIMIT_MS = 30_000;

/** Address and credentials of an API server. */
type Server = Pick<ControlPlane, 'url' | 'certificateAuthority'>;

/** A whole response; `body` is its JSON, whatever that is. */
export type Answer = {
  status: number;
  headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: the tests find out what the body is
  body: any;
};

/** An event of a watch. */
export type WatchEvent = {
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  object: any;
};

/** The Status of a failure. */
export function failure(code: number, reason: string, message: string, details?: object) {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' };
  return { ...status, message, reason, code, ...(details && { details }) };
}

/**
 * The API server as a client with this token sees it, over a separate verified TLS connection for
 * each request.
 */
export class ApiClient {
  readonly #server: Server;
  readonly #token: string | undefined;

  constructor(server: Server, token?: string) {
    this.#server = server;
    this.#token = token;
  }

  /** Rejects if there is no complete response within 30 s. */
  async get(path: string, options: RequestOptions = {}): Promise<Answer> {
    const response = await this.open(path, options);
    const chunks: Buffer[] = await response.toArray();
    const text = Buffer.concat(chunks).toString();
    const { statusCode = 0, headers } = response;
    return { status: statusCode, headers, body: JSON.parse(text) };
  }

  /**
   * Resolves with the response's head. The response is cut off when the test ends, or after 30 s.
   */
  async open(path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
    const headers = {
      ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
      ...options.headers,
    };
    const request = httpsRequest(new URL(path, this.#server.url), {
      agent: false,
      ca: this.#server.certificateAuthority,
      signal: AbortSignal.timeout(LIMIT_MS),
      ...options,
      headers,
    });
    request.on('error', () => {}); // errors after the response's head
    onTestFinished(() => void request.destroy());
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.on('error', () => {});
    return response;
  }

  /** A watch of the path's objects. */
  async watch(path: string): Promise<Watch> {
    const parameters = path.includes('?') ? '&' : '?';
    return new Watch(await this.open(`${path}${parameters}watch=true`));
  }
}

/** A watch's events, one by one. */
export class Watch {
  readonly response: IncomingMessage;
  readonly #lines: AsyncIterator<string>;

  constructor(response: IncomingMessage) {
    this.response = response;
    this.#lines = createInterface({ input: response })[Symbol.asyncIterator]();
  }

  /** Rejects if the watch ends instead. */
  async next(): Promise<WatchEvent> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the watch has ended');
    return JSON.parse(value);
  }

  /** The next `count` events, as `type name`. */
  async summary(count: number): Promise<string[]> {
    const events: string[] = [];
    while (events.length < count) {
      const { type, object } = await this.next();
      events.push(`${type} ${object.metadata.name}`);
    }
    return events;
  }

  /** Resolves when the watch ends; rejects if an event arrives first. `complete`: not cut off. */
  async end(): Promise<{ complete: boolean }> {
    const cut = { done: true, value: undefined };
    const { value, done } = await this.#lines.next().catch(() => cut);
    if (!done) throw new Error(`an event came: ${value}`);
    return { complete: this.response.complete };
  }

  close(): void {
    this.response.destroy();
  }
}
