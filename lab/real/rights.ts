import type { Resource } from '../parts/control-plane.ts';
import { until } from '../support/until.ts';
import { type ApiObject, ignoring, type KubeClient } from './kube-client.ts';

const EFFECT_LIMIT_MS = 5_000;

/**
 * The bindings that grant `kubenurse` a right to a resource, and a request that needs it
 * (deploy/kustomize/base/rbac.yaml).
 */
const GRANTS: Readonly<Record<Resource, { bindings: string; name: string; request: string }>> = {
  pods: {
    bindings: '/apis/rbac.authorization.k8s.io/v1/namespaces/kubenurse/rolebindings',
    name: 'kubenurse',
    request: '/api/v1/namespaces/kubenurse/pods?limit=1',
  },
  nodes: {
    bindings: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    name: 'kubenurse',
    request: '/api/v1/nodes?limit=1',
  },
};

/**
 * Withdraws and restores the rights of the service account `kubenurse`, through its RBAC bindings.
 */
export class Rights {
  readonly #admin: KubeClient;
  readonly #kubenurse: KubeClient;
  readonly #withheld = new Map<Resource, ApiObject>();

  /** `kubenurse` authenticates as the service account. */
  constructor(admin: KubeClient, kubenurse: KubeClient) {
    this.#admin = admin;
    this.#kubenurse = kubenurse;
  }

  /**
   * Withholds the rights to these, and restores all others. Resolves once it is in effect; throws a
   * KubeError.
   */
  async withhold(resources: readonly Resource[]): Promise<void> {
    for (const resource of Object.keys(GRANTS) as Resource[]) {
      if (resources.includes(resource)) await this.#withhold(resource);
      else await this.#grant(resource);
    }
  }

  async #withhold(resource: Resource): Promise<void> {
    const { bindings, name } = GRANTS[resource];
    const binding = await ignoring(404, this.#admin.get(`${bindings}/${name}`));
    if (!binding) return;
    this.#withheld.set(resource, binding);
    await this.#admin.delete(`${bindings}/${name}`);
    await this.#untilStatus(resource, 403);
  }

  async #grant(resource: Resource): Promise<void> {
    const binding = this.#withheld.get(resource);
    if (!binding) return;
    const { uid, resourceVersion, ...metadata } = binding.metadata;
    await this.#admin.create(GRANTS[resource].bindings, { ...binding, metadata });
    this.#withheld.delete(resource);
    await this.#untilStatus(resource, 200);
  }

  async #untilStatus(resource: Resource, expected: number): Promise<void> {
    const { request } = GRANTS[resource];
    await until(`${request} returns ${expected}`, EFFECT_LIMIT_MS, async () => {
      const { status } = await this.#kubenurse.raw(request);
      return status === expected;
    });
  }
}
