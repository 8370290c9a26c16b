import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from '../../lab/cluster/cluster.ts';
import { allIsWell } from '../../lab/cluster/scenario.ts';
import type { StartParts } from '../../lab/parts/parts.ts';
import { NAMESPACE } from '../../lab/parts/pod.ts';
import { whyNoControlPlane } from '../../lab/real/control-plane-fixture.ts';
import { type RealParts, realParts } from '../../lab/real/real-parts.ts';
import { render } from './kustomize.ts';
import { environmentOf } from './pod-environment.ts';
import type { Rendered } from './rendered.ts';

const START_LIMIT_MS = 120_000;
const WELL_LIMIT_MS = 30_000;

/**
 * What Kubernetes itself sets in every container, and the authority of the ingress's certificate:
 * the tests' own, in a file whose name is not known beforehand.
 */
const GIVEN = ['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT', 'KUBENURSE_EXTRA_CA'];

/** The real parts, with which each program has only the environment that the DaemonSet gives it. */
function partsOf(rendered: Rendered): StartParts<RealParts> {
  return async (stack) => {
    const parts = await realParts({ network: '10.47' })(stack);
    return {
      ...parts,
      addNode: async (number, nodeName) => {
        const node = await parts.addNode(number, nodeName);
        return {
          ...node,
          addPod: async () => {
            const sandbox = await node.addPod();
            const prepare = sandbox.prepare.bind(sandbox);
            sandbox.prepare = async (podName) => {
              const { enter, environment } = await prepare(podName);
              const given = Object.entries(environment).filter(([name]) => GIVEN.includes(name));
              const fields = {
                'metadata.name': podName,
                'metadata.namespace': NAMESPACE,
                'metadata.uid': randomUUID(),
                'spec.nodeName': nodeName,
              };
              return {
                enter,
                environment: { ...Object.fromEntries(given), ...environmentOf(rendered, fields) },
              };
            };
            return sandbox;
          },
        };
      },
    };
  };
}

describe.skipIf(whyNoControlPlane())('a cluster of real parts', () => {
  let cluster: Cluster<RealParts>;
  beforeAll(async () => {
    const rendered = await render({
      of: 'base',
      components: ['components/ingress'],
      settings: {
        KUBENURSE_INGRESS_URL: 'https://kubenurse.example.test',
        KUBENURSE_CHECK_INTERVAL: '1s',
        KUBENURSE_SHUTDOWN_DURATION: '0s',
      },
    });
    cluster = await Cluster.startOf(partsOf(rendered), { nodes: 3 });
  }, START_LIMIT_MS);
  afterAll(() => cluster?.close(), START_LIMIT_MS);

  test('with the environment that the DaemonSet gives them, the probes find everything, and all is well', async () => {
    await allIsWell(cluster, WELL_LIMIT_MS);
    for (const node of cluster.nodes) {
      const { last_check_result } = JSON.parse((await node.alive()).body);
      const { neighbourhood, ...checks } = last_check_result;
      const paths = cluster.nodes
        .filter((other) => other !== node)
        .map(({ name }) => `path_${name}`);
      const types = ['api_server_direct', 'api_server_dns', 'me_ingress', 'me_service', ...paths];
      expect(checks).toEqual(
        Object.fromEntries([...types, 'neighbourhood_state'].map((type) => [type, 'ok'])),
      );
    }
  });
});
