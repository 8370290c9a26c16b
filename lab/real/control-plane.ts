import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type {
  ControlPlane,
  ControlPlaneFault,
  KubeObject,
  Resource,
} from '../parts/control-plane.ts';
import { until } from '../support/until.ts';
import { ClusterObjects } from './cluster-objects.ts';
import { Etcd } from './etcd.ts';
import { KubeApiServer } from './kube-api-server.ts';
import type { KubeClient } from './kube-client.ts';
import { Kubectl } from './kubectl.ts';
import { Rights } from './rights.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { ServingCertificate } from './serving-certificate.ts';
import { TooManyRequests } from './too-many-requests.ts';

const MANIFESTS = fileURLToPath(new URL('../../deploy/kustomize/base', import.meta.url));
const SERVICE_ACCOUNT = { namespace: 'kubenurse', name: 'kubenurse' };

/** The server looks at its certificate's files when they change. */
const ROTATION_LIMIT_MS = 10_000;

/** Where the control plane runs, and for which cluster. */
export type RealControlPlaneOptions = Readonly<{
  /** The host it runs on: a Machine. */
  machine: Readonly<{
    /** The primary family's first. */
    addresses: readonly string[];
    /** The start of a command line that runs there. */
    enter: readonly string[];
    /** Delays packets on its link in both directions. */
    impair(impairment: { delayMs: number } | undefined): Promise<void>;
  }>;
  /** The ranges of cluster IPs, in the order of the families: `10.21.255.0/24`. */
  serviceRanges: readonly string[];
  /** The addresses of the `kubernetes` Service: the first of each range. */
  serviceAddresses: readonly string[];
}>;

/** What it is made of. */
type Components = Readonly<{
  machine: RealControlPlaneOptions['machine'];
  etcd: Etcd;
  certificate: ServingCertificate;
  apiServer: KubeApiServer;
  kubectl: Kubectl;
  tokens: ServiceAccountTokens;
  rights: Rights;
  tooManyRequests: TooManyRequests;
}>;

/**
 * etcd and kube-apiserver, with the shipped manifests applied. Needs the programs that
 * `npm run tools` builds.
 */
export class RealControlPlane implements ControlPlane {
  readonly url: URL;
  /** May do everything. */
  readonly admin: KubeClient;
  /** May do everything. */
  readonly kubectl: Kubectl;
  /** The log of all requests (audit-log.ts). */
  readonly auditLog: string;
  readonly #components: Components;
  readonly #objects: ClusterObjects;
  readonly #stack: AsyncDisposableStack;
  #fault: ControlPlaneFault | undefined;

  private constructor(components: Components, stack: AsyncDisposableStack) {
    const { apiServer, kubectl } = components;
    this.url = apiServer.url;
    this.admin = apiServer.admin;
    this.kubectl = kubectl;
    this.auditLog = apiServer.auditLog;
    this.#components = components;
    this.#objects = new ClusterObjects(apiServer.admin);
    this.#stack = stack;
  }

  /** Resolves once it is ready. If a part does not start, rejects and leaves nothing behind. */
  static async start(options: RealControlPlaneOptions): Promise<RealControlPlane> {
    const { machine, serviceRanges, serviceAddresses } = options;
    await using starting = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'control-plane-'));
    starting.defer(() => rm(directory, { recursive: true, force: true }));
    const etcd = await Etcd.start(directory);
    starting.defer(() => etcd.stop());
    const certificate = await ServingCertificate.create(directory, [
      ...machine.addresses,
      ...serviceAddresses,
    ]);
    const parts = { directory, machine, etcd, certificate, serviceRanges };
    const apiServer = await KubeApiServer.start(parts);
    starting.defer(() => apiServer.kill());

    const { url, admin, adminToken: token } = apiServer;
    const { authorityFile } = certificate;
    const kubectl = new Kubectl({ url, token, authorityFile, directory });
    await kubectl.run('apply', '--server-side', `--kustomize=${MANIFESTS}`);
    const tokens = new ServiceAccountTokens(apiServer, SERVICE_ACCOUNT);
    const kubenurse = apiServer.client(await tokens.issue('control-plane'));
    const rights = new Rights(admin, kubenurse);
    const tooManyRequests = new TooManyRequests(admin, kubenurse);
    return new RealControlPlane(
      { machine, etcd, certificate, apiServer, kubectl, tokens, rights, tooManyRequests },
      starting.move(),
    );
  }

  get certificateAuthority(): string {
    return this.#components.certificate.authority;
  }

  /**
   * Issues a token of the service account `kubenurse`. If there is a pod of this name, the token is
   * bound to it and ends with it.
   */
  issueToken(name: string): Promise<string> {
    return this.#components.tokens.issue(name);
  }

  /**
   * Resolves once the token is rejected, which takes up to 10 s. Rejects if it is bound to a pod.
   */
  revoke(token: string): Promise<void> {
    return this.#components.tokens.revoke(token);
  }

  /**
   * Sends the requests of those who write such objects in a cluster (cluster-objects.ts). Rejects
   * while broken.
   */
  put(resource: Resource, object: KubeObject): Promise<void> {
    return this.#objects.put(resource, object);
  }

  remove(resource: Resource, name: string, namespace?: string): Promise<void> {
    return this.#objects.remove(resource, name, namespace);
  }

  /**
   * Replaces the current fault. Priority and fairness produces status 429, and RBAC 403, except for
   * `/version`, which everyone may read. Rejects for any other status, which a real API server
   * cannot be made to return.
   */
  async break(fault: ControlPlaneFault | undefined): Promise<void> {
    if (fault?.kind === 'status' && ![403, 429].includes(fault.code)) {
      throw new Error(`a real API server does not respond to every request with ${fault.code}`);
    }
    const { apiServer, machine, rights, tooManyRequests } = this.#components;
    await this.#heal();
    this.#fault = fault;
    switch (fault?.kind) {
      case 'down':
        return apiServer.kill();
      case 'hang':
        return apiServer.suspend();
      case 'slow':
        return machine.impair({ delayMs: fault.milliseconds });
      case 'status':
        if (fault.code === 429) return tooManyRequests.begin();
        return rights.withhold(['pods', 'nodes']);
    }
  }

  /**
   * From now on, `kubenurse` may read only the resources not listed (`[]`: both). Open watches
   * continue.
   */
  forbid(resources: readonly Resource[]): Promise<void> {
    return this.#components.rights.withhold(resources);
  }

  /**
   * Stops the API server gracefully, and starts it again after this many milliseconds. Without
   * them, its port may be closed for less than a tenth of a second (measured), which no check may
   * notice.
   */
  async restart(awayMs: number): Promise<void> {
    await this.#components.apiServer.stop();
    await sleep(awayMs);
    await this.#components.apiServer.start();
  }

  /**
   * Forgets the past: the API server is killed and restarted, and whatever continues from before
   * gets 410: a watch (whose cache knows nothing older than its start) as well as a page of a list
   * (which etcd no longer has).
   */
  async compact(): Promise<void> {
    const { apiServer, etcd } = this.#components;
    await apiServer.kill();
    await etcd.compact();
    await apiServer.start();
  }

  /**
   * Replaces the serving certificate of the running server, and with `new` its authority as well;
   * `announce` gets the authority's PEM certificate beforehand.
   */
  async rotateServingCertificate({
    authority,
    announce,
  }: {
    authority: 'same' | 'new';
    announce?: (authority: string) => Promise<void>;
  }): Promise<void> {
    const { certificate } = this.#components;
    await certificate.rotate(authority, announce);
    await until('the new certificate is served', ROTATION_LIMIT_MS, () =>
      certificate.isServedAt(this.url),
    );
  }

  close(): Promise<void> {
    return this.#stack.disposeAsync();
  }

  async #heal(): Promise<void> {
    const { apiServer, machine, rights, tooManyRequests } = this.#components;
    switch (this.#fault?.kind) {
      case 'down':
        await apiServer.start();
        break;
      case 'hang':
        apiServer.resume();
        break;
      case 'slow':
        await machine.impair(undefined);
        break;
      case 'status':
        if (this.#fault.code === 429) await tooManyRequests.end();
        else await rights.withhold([]);
    }
    this.#fault = undefined;
  }
}
