import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { ApiClient } from '../../lab/contract/api-client.ts';
import { pod } from '../../lab/contract/contract-objects.ts';
import type { RealControlPlane } from '../../lab/real/control-plane.ts';
import { startControlPlane } from '../../lab/real/control-plane-fixture.ts';

/** A control plane for the tests of a file, started before them. `network`: as for a Fabric. */
export function ownControlPlane(network: string) {
  const stack = new AsyncDisposableStack();
  let running: RealControlPlane;
  beforeAll(async () => {
    running = await startControlPlane(stack, network, ['IPv4']);
  });
  afterAll(() => stack.disposeAsync());

  return {
    controlPlane: () => running,
    clientOf: async (tokenName: string) =>
      new ApiClient(running, await running.issueToken(tokenName)),
    putForThisTest: (name: string, options: Parameters<typeof pod>[1] = {}) => {
      onTestFinished(() => running.remove('pods', name, 'kubenurse'));
      return running.put('pods', pod(name, options));
    },
  };
}
