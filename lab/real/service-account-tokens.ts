import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.ts';
import type { KubeApiServer } from './kube-api-server.ts';
import { ignoring } from './kube-client.ts';

/**
 * What kubelet requests for a pod's token: an hour and seven seconds, which the API server extends
 * to a year.
 */
const EXPIRATION_SECONDS = 3_607;
/** kube-apiserver caches a token's user for 10 s (`TokenSuccessCacheTTL` in its code). */
const FORGET_LIMIT_MS = 20_000;
/** Many tokens are revoked at once, and these requests are the only load in the meantime. */
const ASK_PERIOD_MS = 200;

/** Issues and revokes tokens of one service account. */
export class ServiceAccountTokens {
  readonly #apiServer: KubeApiServer;
  readonly #account: Readonly<{ namespace: string; name: string }>;
  /** token → the path of the Secret whose deletion revokes it */
  readonly #secrets = new Map<string, string>();

  constructor(apiServer: KubeApiServer, account: Readonly<{ namespace: string; name: string }>) {
    this.#apiServer = apiServer;
    this.#account = account;
  }

  /**
   * Issues a token. If there is a pod of this name, the token is bound to it and ends with it.
   * Otherwise it ends when it is revoked.
   */
  async issue(podName: string): Promise<string> {
    const path = this.#namespace;
    const pod = await ignoring(404, this.#apiServer.admin.get(`${path}/pods/${podName}`));
    if (pod) return this.#request({ kind: 'Pod', ...pod.metadata });
    const secret = await this.#apiServer.admin.create(`${path}/secrets`, {
      metadata: { generateName: 'token-' },
    });
    const token = await this.#request({ kind: 'Secret', ...secret.metadata });
    this.#secrets.set(token, `${path}/secrets/${secret.metadata.name}`);
    return token;
  }

  /**
   * Resolves once it is rejected, which can take 10 s. Throws if it was not issued here, or is
   * bound to a pod: to revoke that one, remove the pod.
   */
  async revoke(token: string): Promise<void> {
    const secret = this.#secrets.get(token);
    if (secret === undefined) throw new Error('this token ends with its pod, or is none of ours');
    await this.#apiServer.admin.delete(secret);
    this.#secrets.delete(token);
    const client = this.#apiServer.client(token);
    await until('the token is refused', FORGET_LIMIT_MS, async () => {
      await sleep(ASK_PERIOD_MS);
      const { status } = await client.raw('/version');
      return status === 401;
    });
  }

  get #namespace(): string {
    return `/api/v1/namespaces/${this.#account.namespace}`;
  }

  async #request(bound: { kind: string; name?: string; uid?: string }): Promise<string> {
    const { kind, name, uid } = bound;
    const account = `${this.#namespace}/serviceaccounts/${this.#account.name}`;
    const { status } = await this.#apiServer.admin.create(`${account}/token`, {
      metadata: {},
      spec: {
        expirationSeconds: EXPIRATION_SECONDS,
        boundObjectRef: { apiVersion: 'v1', kind, name, uid },
      },
    });
    return status.token;
  }
}
