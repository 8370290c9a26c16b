import { expect, onTestFinished, test } from 'vitest';
import { LABEL, NAMESPACE } from '../../lab/parts/pod.ts';
import { until } from '../../lab/support/until.ts';
import { MAX_ITEMS } from '../../src/kubernetes/first-items.ts';
import { followNeighbourhood } from '../../src/neighbours/follow.ts';
import { startApiServer, startScriptedServer } from '../support/api-server.ts';
import { neighbourOn } from '../support/pods.ts';

function follow(allowUnschedulable = true) {
  const lines: unknown[] = [];
  const add = (level: string) => (fields: object | string, message?: string) =>
    lines.push(
      typeof fields === 'object' ? { level, message, ...fields } : { level, message: fields },
    );
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const neighbourhood = followNeighbourhood(
    {
      namespace: NAMESPACE,
      labelSelector: `${LABEL.key}=${LABEL.value}`,
      limit: 1,
      allowUnschedulable,
      allowLoopback: true,
    },
    { podName: neighbourOn('a').podName, namespace: NAMESPACE, nodeName: 'a', hostname: 'a' },
    { info: add('info'), warn: add('warn') },
    stop.signal,
  );
  return { neighbourhood, lines };
}

test('followNeighbourhood() logs how many neighbours are chosen of how many pods, and warns if none is', async () => {
  const { server } = await startApiServer();
  const put = (nodeName: string) => {
    const { podName, podIP, hostIP, phase } = neighbourOn(nodeName);
    return server.put('pods', {
      metadata: { name: podName, namespace: NAMESPACE, labels: { [LABEL.key]: LABEL.value } },
      spec: { nodeName },
      status: { phase, podIP, hostIP, conditions: [{ type: 'Ready', status: 'True' }] },
    });
  };
  await put('a');
  const { neighbourhood, lines } = follow();
  expect(neighbourhood.neighbours()).toEqual([]);
  expect(lines).toEqual([]);
  const none = { level: 'warn', message: 'no neighbours to check', neighbours: 0, pods: 1 };
  await until('the pods are listed', 5_000, () => {
    neighbourhood.neighbours();
    return lines.length > 0;
  });
  expect(lines).toEqual([none]);
  for (const name of ['b', 'c']) await put(name);
  await until('both pods are known', 5_000, () => neighbourhood.neighbours().length > 0);
  expect(lines.slice(1)).toEqual([
    { level: 'info', message: 'neighbours chosen', neighbours: 1, pods: expect.any(Number) },
  ]);
});

test.each([
  { of: '/pods', what: 'neighbours', remedy: 'KUBENURSE_NEIGHBOUR_FILTER should select only' },
  { of: '/nodes', what: 'cordoned nodes', remedy: 'pods on the nodes left out are checked' },
])(
  'followNeighbourhood() warns if there are more $what than it keeps',
  async ({ of, what, remedy }) => {
    const items = Array.from({ length: 1.05 * MAX_ITEMS + 1 }, (_, i) => ({
      metadata: { name: `${i}` },
    }));
    await startScriptedServer(({ url = '' }, response) => {
      if (url.includes('watch=true')) return void response.flushHeaders();
      const metadata = { resourceVersion: '5' };
      response.end(JSON.stringify({ metadata, items: url.includes(`${of}?`) ? items : [] }));
    });
    const { lines } = follow(false);
    const warning = `more than ${MAX_ITEMS} ${what}; leaving out the last by name: ${remedy}`;
    await until('the warning', 20_000, () => JSON.stringify(lines).includes(warning));
  },
  30_000,
);
