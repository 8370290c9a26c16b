import { expect, onTestFinished, test } from 'vitest';
import { LABEL, NAMESPACE } from '../../lab/parts/pod.ts';
import { until } from '../../lab/support/until.ts';
import { followNeighbourhood } from '../../src/neighbours/follow.ts';
import { startApiServer } from '../support/api-server.ts';
import { neighbourOn } from '../support/pods.ts';

test('followNeighbourhood() logs how many neighbours are chosen of how many pods, and warns at none', async () => {
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
  const lines: unknown[] = [];
  const add = (level: string) => (fields: object | string, message?: string) =>
    lines.push({ level, message, ...(typeof fields === 'object' ? fields : {}) });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const neighbourhood = followNeighbourhood(
    {
      namespace: NAMESPACE,
      labelSelector: `${LABEL.key}=${LABEL.value}`,
      limit: 1,
      allowUnschedulable: true,
      allowLoopback: true,
    },
    { podName: neighbourOn('a').podName, nodeName: 'a', hostname: 'a' },
    { info: add('info'), warn: add('warn') },
    stop.signal,
  );
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
