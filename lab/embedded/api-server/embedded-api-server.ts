import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  ControlPlane,
  ControlPlaneFault,
  KubeObject,
  Resource,
} from '../../parts/control-plane.ts';
import { CertificateAuthority } from '../../support/certificates.ts';
import { toUrlHost } from '../../support/url-host.ts';
import { isTrue, urlOf } from './api-request.ts';
import { sendJson, sendTooManyRequests } from './api-response.ts';
import { ApiError } from './api-status.ts';
import { BreakableHttpsServer } from './breakable-https-server.ts';
import { KubeApi } from './kube-api.ts';
import { type Misbehaviour, misbehave } from './misbehaviour.ts';

/** A request as received; `path` includes its query. `status` is 0 until there is a response. */
export type RequestRecord = {
  readonly method: string;
  readonly path: string;
  readonly authorization?: string;
  status: number;
};

const MAX_KEPT_REQUESTS = 1_000;
const HISTORY_LIMIT = 1_000;
/** kube-apiserver's `defaultBookmarkFrequency`. */
const BOOKMARK_INTERVAL_MS = 60_000;

/**
 * A control plane that needs nothing but Node: an API server in this process that can be broken.
 */
export class EmbeddedApiServer implements ControlPlane {
  readonly url: URL;
  readonly certificateAuthority: string;
  readonly #server: BreakableHttpsServer;
  readonly #api: KubeApi;
  /** Responses in flight. */
  readonly #responses = new Set<ServerResponse>();
  readonly #requests: RequestRecord[] = [];
  readonly #faultChanges = new EventEmitter().setMaxListeners(0);
  #fault: ControlPlaneFault | undefined;
  #misbehaviour: Misbehaviour | undefined;

  private constructor(
    server: BreakableHttpsServer,
    certificateAuthority: string,
    options: { bookmarkIntervalMs?: number; historyLimit?: number },
  ) {
    const { address, port } = server;
    this.url = new URL(`https://${toUrlHost(address)}:${port}`);
    this.certificateAuthority = certificateAuthority;
    this.#server = server;
    this.#api = new KubeApi({
      historyLimit: options.historyLimit ?? HISTORY_LIMIT,
      bookmarkIntervalMs: options.bookmarkIntervalMs ?? BOOKMARK_INTERVAL_MS,
      isSilent: () => this.#hangs,
    });
  }

  /**
   * Listens on an IP address; port 0 picks a free one. `historyLimit`: how many changes are kept
   * for watches and pages that continue from the past. Rejects if it cannot listen.
   */
  static async start(options: {
    address: string;
    port: number;
    bookmarkIntervalMs?: number;
    historyLimit?: number;
  }): Promise<EmbeddedApiServer> {
    const authority = await CertificateAuthority.create('kubernetes');
    const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
    const serving = await authority.issue({
      commonName: 'kube-apiserver',
      dnsNames: ['localhost', ...service, 'kubernetes.default.svc.cluster.local'],
      ipAddresses: [...new Set([options.address, '127.0.0.1'])],
    });
    const server = await BreakableHttpsServer.start({
      address: options.address,
      port: options.port,
      serving,
      onRequest: (request, response) => void apiServer.#serve(request, response),
    });
    const apiServer = new EmbeddedApiServer(server, authority.certificate, options);
    return apiServer;
  }

  /** The last 1,000 requests, oldest first. */
  get requests(): readonly Readonly<RequestRecord>[] {
    return this.#requests;
  }

  /** How many watches are open. */
  get watchers(): number {
    return this.#api.watchers;
  }

  async issueToken(name: string): Promise<string> {
    return this.#api.issueToken(name);
  }

  async revoke(token: string): Promise<void> {
    this.#api.revoke(token);
  }

  async put(resource: Resource, object: KubeObject): Promise<void> {
    this.#api.put(resource, object);
  }

  async remove(resource: Resource, name: string, namespace?: string): Promise<void> {
    this.#api.remove(resource, name, namespace);
  }

  /** Forgets the past: open watches end with 410, and so do requests that continue from before. */
  compact(): void {
    this.#api.compact();
  }

  /**
   * Forbids everyone to read these (`[]`: everyone may read everything). Open watches continue, as
   * in Kubernetes.
   */
  forbid(resources: readonly Resource[]): void {
    this.#api.forbid(resources);
  }

  /**
   * Every request now gets this response; `undefined`: a proper one. Responses in flight are cut.
   */
  misbehave(kind: Misbehaviour | undefined): void {
    this.#misbehaviour = kind;
    for (const response of this.#responses) response.destroy();
  }

  /**
   * Resolves once it is in effect. After a hang, requests received in the meantime get their
   * responses.
   */
  async break(fault: ControlPlaneFault | undefined): Promise<void> {
    this.#fault = fault;
    if (fault?.kind === 'down') await this.#server.become('down');
    else await this.#server.become(this.#hangs ? 'hanging' : 'serving');
    this.#faultChanges.emit('change');
    this.#api.deliver();
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  get #hangs(): boolean {
    return this.#fault?.kind === 'hang';
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const record = recordOf(request);
    this.#requests.push(record);
    if (this.#requests.length > MAX_KEPT_REQUESTS) this.#requests.shift();
    const gone = new AbortController();
    this.#responses.add(response);
    response.once('close', () => {
      this.#responses.delete(response);
      gone.abort();
    });
    try {
      await this.#waitOutFault(gone.signal);
      this.#respond(request, response);
    } catch (error) {
      if (gone.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      sendJson(response, error.status.code, error.status);
    }
    if (response.headersSent) record.status = response.statusCode;
  }

  async #waitOutFault(signal: AbortSignal): Promise<void> {
    if (this.#fault?.kind === 'slow') {
      await sleep(this.#fault.milliseconds, undefined, { signal });
    }
    while (this.#hangs) await once(this.#faultChanges, 'change', { signal });
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    if (this.#fault?.kind === 'status') {
      if (this.#fault.code !== 429) throw new ApiError(this.#fault.code);
      sendTooManyRequests(response);
      return;
    }
    if (this.#misbehaviour === undefined) {
      this.#api.respond(request, response);
      return;
    }
    const isWatch = isTrue(urlOf(request).searchParams.get('watch'));
    misbehave(this.#misbehaviour, response, isWatch);
  }
}

function recordOf({ method = '', url = '', headers }: IncomingMessage): RequestRecord {
  const { authorization } = headers;
  return { method, path: url, ...(authorization && { authorization }), status: 0 };
}
