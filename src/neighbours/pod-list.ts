/** A pod that should respond. */
export type ListedPod = Readonly<{
  pod: string;
  node: string;
  /** Empty if the pod lacks the label. */
  zone: string;
  podIP: string;
  /** Unix time in seconds, by the API server's clock; 0 if it does not report it. */
  createdAt: number;
}>;

/** What the API server knows about the pods that match the neighbour filter. */
export type PodList = Readonly<{
  /** Without this pod. */
  pods: readonly ListedPod[];
  /** Names of the nodes that are cordoned: their pods are not checked. */
  cordoned: readonly string[];
  /**
   * When the list was last known to be current, in Unix seconds; null if there has never been one.
   */
  listedAt: number | null;
  /** Why it cannot be updated; null if it is current. */
  error: string | null;
}>;
