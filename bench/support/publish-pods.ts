import { randomUUID } from 'node:crypto';
import type { ControlPlane } from '../../lab/parts/control-plane.ts';
import { Pod } from '../../lab/parts/pod.ts';

/** Where a pod is. */
export type Place = Readonly<{ node: string; address: string }>;

/**
 * Writes a running, ready pod at each place, and its node, to the API server. Resolves to the names
 * of the pods, which are distinct.
 */
export async function publishPods(
  controlPlane: ControlPlane,
  places: readonly Place[],
): Promise<string[]> {
  const names = new Set<string>();
  for (const { node, address } of places) {
    const identity = { name: node, uid: randomUUID(), addresses: ['10.0.0.1'] };
    let pod = new Pod(identity, [address], controlPlane);
    // Among a thousand, two may well have the same name.
    while (names.has(pod.name)) pod = new Pod(identity, [address], controlPlane);
    names.add(pod.name);
    pod.running = true;
    pod.ready = true;
    // A failing neighbour is dropped if its node does not exist.
    await controlPlane.put('nodes', { metadata: { name: node } });
    await pod.publish();
  }
  return [...names];
}
