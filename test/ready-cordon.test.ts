import { expect, test } from 'vitest';
import { httpGet } from '../lab/support/http-get.ts';
import { until } from '../lab/support/until.ts';
import { startApiServer } from './support/api-server.ts';
import { startListening } from './support/start-program.ts';

const PODS = {
  'kubenurse-test': 'node-1',
  'kubenurse-cordoned': 'node-1',
  'kubenurse-other': 'node-2',
};

/**
 * Runs the program in the pod `kubenurse-test`, whose container has these probes, on a node that it
 * knows to be cordoned.
 */
async function onCordonedNode(probes: object, env: Record<string, string> = {}) {
  const { server, kubeconfig } = await startApiServer();
  await server.put('nodes', { metadata: { name: 'node-1' }, spec: { unschedulable: true } });
  for (const [name, nodeName] of Object.entries(PODS)) {
    await server.put('pods', {
      metadata: { name, namespace: 'kubenurse', labels: { app: 'kubenurse' } },
      spec: {
        nodeName,
        containers: [{ name: 'proxy' }, { name: 'kubenurse', ...probes }],
      },
      status: { phase: 'Running', podIP: '127.0.0.1', hostIP: '127.0.0.1' },
    });
  }
  const { url } = await startListening({
    KUBECONFIG: kubeconfig,
    KUBENURSE_CHECK_NEIGHBOURHOOD: 'true',
    KUBENURSE_NAMESPACE: 'kubenurse',
    KUBENURSE_NEIGHBOUR_FILTER: 'app=kubenurse',
    ...env,
  });
  await until('the neighbours and the cordon are known', 10_000, async () => {
    const { body } = await httpGet(`${url}/alive`, 10_000);
    return body.includes('"kubenurse-other"') && !body.includes('"kubenurse-cordoned"');
  });
  return url;
}

const probing = (path: string) => ({ httpGet: { path, port: 8080 } });

test('/ready returns 503 on a cordoned node', async () => {
  const url = await onCordonedNode({
    livenessProbe: probing('/alwayshappy'),
    readinessProbe: probing('/ready'),
  });
  await until('it is unready', 5_000, async () => {
    const { status, body } = await httpGet(`${url}/ready`, 10_000);
    return status === 503 && body === 'the node is cordoned\n';
  });
});

test.each([
  { livenessProbe: probing('/ready') },
  { livenessProbe: probing('/alwayshappy'), startupProbe: probing('/ready') },
])(
  '/ready returns 200 on a cordoned node if kubelet would restart the pod for 503: %o',
  async (probes) => {
    const url = await onCordonedNode(
      { ...probes, readinessProbe: probing('/ready') },
      { NODE_NAME: 'node-1' },
    );
    const { status } = await httpGet(`${url}/ready`, 10_000);
    expect(status).toBe(200);
  },
);
