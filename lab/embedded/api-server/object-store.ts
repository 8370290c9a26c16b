import { randomUUID } from 'node:crypto';
import type { KubeObject, Resource } from '../../parts/control-plane.ts';

/** A change to one object at one revision; `after` is undefined if it was removed. */
export type Change = Readonly<{
  resource: Resource;
  revision: number;
  before: KubeObject | undefined;
  after: KubeObject | undefined;
}>;

/**
 * What etcd is to an API server: objects, a counter that every change increments, and the last
 * changes, from which past states can be rebuilt.
 */
export class ObjectStore {
  readonly #historyLimit: number;
  readonly #objects: Record<Resource, Map<string, KubeObject>> = {
    pods: new Map(),
    nodes: new Map(),
  };
  /** Changes with consecutive revisions, the last being `revision`. */
  #history: Change[] = [];
  #revision = 1;

  /** `historyLimit`: how many changes are kept. */
  constructor(historyLimit: number) {
    this.#historyLimit = historyLimit;
  }

  /** The revision of the last change: the current `resourceVersion`. */
  get revision(): number {
    return this.#revision;
  }

  /** The earliest revision since which every change is known. */
  get oldestRevision(): number {
    return this.#revision - this.#history.length;
  }

  /** Stores a copy under a new revision; an existing object keeps its uid. */
  put(resource: Resource, object: KubeObject): void {
    const { metadata, spec, status } = structuredClone(object);
    if (resource === 'pods') metadata.namespace ??= 'default';
    const key = keyOf(metadata.name, metadata.namespace);
    const before = this.#objects[resource].get(key);
    metadata.uid ??= before?.metadata.uid ?? randomUUID();
    metadata.resourceVersion = String(++this.#revision);
    const after = { metadata, ...(spec && { spec }), ...(status && { status }) };
    this.#objects[resource].set(key, after);
    this.#remember({ resource, revision: this.#revision, before, after });
  }

  /** Does nothing if there is no such object. */
  remove(resource: Resource, name: string, namespace: string | undefined): void {
    const key = keyOf(name, resource === 'pods' ? (namespace ?? 'default') : undefined);
    const before = this.#objects[resource].get(key);
    if (!before) return;
    this.#objects[resource].delete(key);
    this.#remember({ resource, revision: ++this.#revision, before, after: undefined });
  }

  /** The current object; undefined if there is none. */
  get(resource: Resource, name: string, namespace: string | undefined): KubeObject | undefined {
    return this.#objects[resource].get(keyOf(name, namespace));
  }

  /**
   * The objects as they were at `revision`, as [key, object] in key order. Undefined if that
   * revision is older than `oldestRevision`.
   */
  list(resource: Resource, revision: number): [string, KubeObject][] | undefined {
    const changes = this.changesSince(revision);
    if (!changes) return undefined;
    const objects = new Map(this.#objects[resource]);
    for (const { before, after } of changes
      .filter((change) => change.resource === resource)
      .reverse()) {
      const { name, namespace } = (before ?? after)?.metadata ?? {};
      if (before) objects.set(keyOf(name, namespace), before);
      else objects.delete(keyOf(name, namespace));
    }
    return [...objects].sort(([one], [other]) => (one < other ? -1 : 1));
  }

  /**
   * The changes after `revision`, oldest first. Undefined if that is older than `oldestRevision`.
   */
  changesSince(revision: number): readonly Change[] | undefined {
    if (revision < this.oldestRevision) return undefined;
    return this.#history.slice(revision - this.oldestRevision);
  }

  /** Forgets all past changes. */
  compact(): void {
    this.#history = [];
  }

  #remember(change: Change): void {
    this.#history.push(change);
    if (this.#history.length > this.#historyLimit) this.#history.shift();
  }
}

/** Lists are in the order of etcd's keys. */
function keyOf(name: string | undefined, namespace: string | undefined): string {
  return `${namespace ?? ''}/${name}`;
}
