/** The fields of a Kubernetes object that the cluster on this machine fills in. */
export type KubeObject = {
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    labels?: Record<string, string>;
    deletionTimestamp?: string;
  };
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
};

/** The two kinds of object that the probe reads. */
export type Resource = 'pods' | 'nodes';

/** How a control plane is broken; `undefined` heals it. */
export type ControlPlaneFault =
  /** Nobody listens; open connections are cut. */
  | { kind: 'down' }
  /** Connections are accepted and no response is ever sent; open watches fall silent. */
  | { kind: 'hang' }
  /** Every response, including a watch's first byte, is delayed by this much. */
  | { kind: 'slow'; milliseconds: number }
  /** Every request gets this status and a Kubernetes Status object. */
  | { kind: 'status'; code: number };

/** An API server for the probes, and its storage. It has two implementations: embedded and real. */
export interface ControlPlane {
  /** Where it listens: `https://127.0.2.1:6443`. */
  readonly url: URL;
  /** The PEM certificate of the authority that signed its serving certificate. */
  readonly certificateAuthority: string;
  /** Makes a bearer token that the API server accepts until `revoke`. */
  issueToken(name: string): Promise<string>;
  revoke(token: string): Promise<void>;
  /**
   * Creates the object, or replaces the one of the same namespace and name; watches are notified.
   */
  put(resource: Resource, object: KubeObject): Promise<void>;
  /** Removes the object, if there is one; watches are notified. */
  remove(resource: Resource, name: string, namespace?: string): Promise<void>;
  break(fault: ControlPlaneFault | undefined): Promise<void>;
  close(): Promise<void>;
}
