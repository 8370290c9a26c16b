import type { ControlPlane, KubeObject, Resource } from '../parts/control-plane.ts';
import { ApiClient } from './api-client.ts';

/** What every API server must offer to be a control plane in tests. */
export type ContractedControlPlane = ControlPlane &
  Readonly<{
    /**
     * From now on, holders of an issued token may read only the resources not listed (`[]`: both).
     */
    forbid(resources: readonly Resource[]): void | Promise<void>;
    /** Forgets the past. */
    compact(): void | Promise<void>;
  }>;

/**
 * A control plane with the namespaces `kubenurse` and `other`, and a token that may read all pods
 * and nodes.
 */
export type Subject = Readonly<{
  controlPlane: ContractedControlPlane;
  reader: string;
  close: () => Promise<void>;
}>;

/** The subject, while a test runs. */
export class Contracted {
  #subject: Subject | undefined;

  get controlPlane(): ContractedControlPlane {
    if (!this.#subject) throw new Error('it is not started');
    return this.#subject.controlPlane;
  }

  /** A client that may read all pods and nodes. */
  get client(): ApiClient {
    return new ApiClient(this.controlPlane, this.#subject?.reader);
  }

  async start(start: () => Promise<Subject>): Promise<void> {
    this.#subject = await start();
  }

  async close(): Promise<void> {
    await this.#subject?.close();
  }

  /** Removes all pods and nodes. */
  async clear(): Promise<void> {
    await this.controlPlane.break(undefined);
    const { client } = this;
    for (const resource of ['pods', 'nodes'] as const) {
      const objects: KubeObject[] = (await client.get(`/api/v1/${resource}`)).body.items;
      for (const { metadata } of objects) {
        await this.controlPlane.remove(resource, metadata.name, metadata.namespace);
      }
    }
  }
}
