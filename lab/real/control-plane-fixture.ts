import { RealControlPlane } from './control-plane.ts';
import { Fabric, type IpFamily } from './fabric.ts';
import { unavailableReason } from './own-namespace.ts';
import { whatRealPartsLack } from './prerequisites.ts';

/** Why no real control plane can be started here; undefined if it can. */
export function whyNoControlPlane(): string | undefined {
  return whatRealPartsLack() ?? unavailableReason();
}

/**
 * Starts one on a separate machine, and closes it with the stack. `network`: as for a Fabric;
 * nobody else may use it in the meantime.
 */
export async function startControlPlane(
  stack: AsyncDisposableStack,
  network: string,
  families: readonly IpFamily[],
): Promise<RealControlPlane> {
  const fabric = await Fabric.create(network, families);
  stack.defer(() => fabric.close());
  const controlPlane = await RealControlPlane.start({
    machine: await fabric.addMachine('api-server', 10),
    serviceRanges: fabric.plan.serviceRange(),
    serviceAddresses: fabric.plan.service(1),
  });
  stack.defer(() => controlPlane.close());
  return controlPlane;
}
