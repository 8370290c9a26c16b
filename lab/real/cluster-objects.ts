import type { KubeObject, Resource } from '../parts/control-plane.ts';
import { type ApiObject, ignoring, type KubeClient } from './kube-client.ts';

/**
 * The DaemonSet controller and `kubectl drain` grant a pod its terminationGracePeriodSeconds, whose
 * default this is.
 */
const GRACE_SECONDS = 30;

/**
 * Writes pods and nodes with the requests of those who do so in a cluster: the DaemonSet controller
 * creates a pod, the scheduler binds it to its node, kubelet patches its status; kubelet creates
 * its Node and patches its status, `kubectl cordon` makes it unschedulable.
 */
export class ClusterObjects {
  readonly #admin: KubeClient;

  constructor(admin: KubeClient) {
    this.#admin = admin;
  }

  /**
   * Brings the object of this namespace and name to the given state. The API server sets its uid
   * and resourceVersion. With a `deletionTimestamp`, the deletion begins. Throws a KubeError.
   */
  async put(resource: Resource, object: KubeObject): Promise<void> {
    const path = pathOf(resource, object.metadata.namespace, object.metadata.name);
    const present =
      (await ignoring(404, this.#admin.get(path))) ?? (await this.#create(resource, object));
    const { labels = {}, deletionTimestamp } = object.metadata;
    if (!isPartOf(present.metadata.labels, labels)) {
      await this.#admin.patch(path, { metadata: { labels } });
    }
    const unschedulable = object.spec?.unschedulable === true;
    if (resource === 'nodes' && unschedulable !== (present.spec.unschedulable === true)) {
      await this.#admin.patch(path, { spec: { unschedulable: unschedulable || null } });
    }
    if (object.status) {
      const { status } = object;
      await this.#admin.patch(`${path}/status`, { status });
    }
    if (deletionTimestamp && !present.metadata.deletionTimestamp) {
      await this.#admin.delete(path, { gracePeriodSeconds: GRACE_SECONDS });
    }
  }

  /**
   * Deletes the object, as kubelet does once a pod's containers have ended. Does nothing if there
   * is none. Throws a KubeError.
   */
  async remove(resource: Resource, name: string, namespace?: string): Promise<void> {
    await this.#admin.delete(pathOf(resource, namespace, name), { gracePeriodSeconds: 0 });
  }

  async #create(resource: Resource, object: KubeObject): Promise<ApiObject> {
    const { name, namespace, labels = {} } = object.metadata;
    const metadata = { name, ...(namespace && { namespace }), labels };
    const { nodeName, ...spec } = object.spec ?? {};
    const created = await this.#admin.create(pathOf(resource, namespace), { metadata, spec });
    if (typeof nodeName !== 'string') return created;
    await this.#admin.create(`${pathOf(resource, namespace, name)}/binding`, {
      metadata: { name },
      target: { kind: 'Node', name: nodeName },
    });
    return created;
  }
}

/** The path of the collection, or of the object of this name in it. */
function pathOf(resource: Resource, namespace: string | undefined, name?: string): string {
  const scope = resource === 'pods' ? `/namespaces/${namespace ?? 'default'}` : '';
  return `/api/v1${scope}/${resource}${name === undefined ? '' : `/${name}`}`;
}

function isPartOf(all: Record<string, string> = {}, part: Record<string, string>): boolean {
  return Object.entries(part).every(([key, value]) => all[key] === value);
}
